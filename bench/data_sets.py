# SPDX-License-Identifier: MIT
"""Data sets and results in COCO's form, as evaluate.py judges them: read, checked, and brought to one set of image ids."""
import collections
import itertools
import json
import pathlib
import sys
import xml.etree.ElementTree


class Refused(Exception):
    """What was given cannot be evaluated; the message says why and what to do."""


def read_json(path):
    try:
        return json.loads(path.read_text())
    except ValueError as error:  # Of text that is no UTF-8, too
        raise Refused(f"{path} is no JSON: {error}") from error


def require(things, keys, what):
    """Refuses what lacks one of the keys; `what` names the thing of an index."""
    for index, thing in enumerate(things):
        lacking = [key for key in keys if not isinstance(thing, dict) or key not in thing]
        if lacking:
            raise Refused(f"{what(index)} has no '{lacking[0]}'; COCO's form has {', '.join(keys)} there")


def read_voc(folder, split):
    """VOC annotations as COCO: VOC's pixels begin at 1 and its boxes include their last pixel; classes in alphabetical order, of all splits."""
    files = sorted((folder / "Annotations").glob("*.xml"))
    chosen = set((folder / "ImageSets/Main" / f"{split}.txt").read_text().split()) if split else {file.stem for file in files}
    if not any(file.stem in chosen for file in files):
        raise Refused(f"{folder}: no annotations; expected Annotations/*.xml" + (f" named in ImageSets/Main/{split}.txt" if split else ""))
    images, found, names = [], [], set()
    for file in files:
        try:
            image, things = read_voc_file(file)
        except (TypeError, ValueError, xml.etree.ElementTree.ParseError) as error:
            raise Refused(f"{file} is no annotation in VOC's form, with size/width, size/height, and of each object a name and bndbox: {error}") from error
        names |= {thing["name"] for thing in things}
        if file.stem in chosen:
            images.append(dict(image, id=len(images) + 1))
            found += [dict(thing, image_id=len(images), id=len(found) + number) for number, thing in enumerate(things, 1)]
    order = {name: number for number, name in enumerate(sorted(names), 1)}
    for annotation in found:
        annotation["category_id"] = order[annotation.pop("name")]
    return {"images": images, "annotations": found, "categories": [{"id": number, "name": name} for name, number in order.items()]}


def read_voc_file(file):
    """-> its image and its objects, without ids."""
    root = xml.etree.ElementTree.parse(file).getroot()
    width, height = (int(root.findtext(f"size/{side}")) for side in ("width", "height"))
    things = []
    for thing in root.iter("object"):
        x0, y0, x1, y1 = (float(thing.findtext(f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax"))
        box = [x0 - 1, y0 - 1, x1 - x0 + 1, y1 - y0 + 1]
        name = thing.findtext("name")
        if name is None:
            raise ValueError("an object has no name")
        things.append({"name": name, "bbox": box, "area": box[2] * box[3], "iscrowd": int(thing.findtext("difficult") or 0)})
    return {"file_name": f"{file.stem}.jpg", "width": width, "height": height}, things


def has_mask(annotation):
    """Whether pycocotools can read its segmentation: a run-length code or polygons. Data sets of boxes often have [] there."""
    shape = annotation.get("segmentation")
    if isinstance(shape, dict):
        return "size" in shape and bool(shape.get("counts"))
    return isinstance(shape, list) and bool(shape) and isinstance(shape[0], list) and len(shape[0]) >= 6


def mask_code(annotation, image):
    """The mask as a run-length code, however the data set has it."""
    from pycocotools import mask
    shape = annotation["segmentation"]
    if isinstance(shape, dict) and not isinstance(shape["counts"], list):
        return shape
    coded = mask.frPyObjects(shape, image["height"], image["width"])
    return mask.merge(coded) if isinstance(coded, list) else coded


def complete(truth, name):
    """Refuses what is no data set in COCO's form, and adds what pycocotools needs and some data sets lack: `iscrowd` (LVIS has none), `area`."""
    require([truth], ("images", "annotations", "categories"), lambda _: name)
    require(truth["categories"], ("id", "name"), lambda index: f"{name}: category {index}")
    require(truth["images"], ("id",), lambda index: f"{name}: image {index}")
    if not truth["images"]:
        raise Refused(f"{name}: 'images' is empty; there is nothing to judge")
    images = {image["id"]: image for image in truth["images"]}
    if len(images) < len(truth["images"]):
        twice = collections.Counter(image["id"] for image in truth["images"]).most_common(1)[0][0]
        raise Refused(f"{name}: several images have the id {twice}; give each its own")
    require(truth["annotations"], ("image_id", "category_id", "bbox"), lambda index: f"{name}: annotation {index}")
    truth["annotations"] = [annotation for annotation in truth["annotations"] if annotation["image_id"] in images]
    if any(map(has_mask, truth["annotations"])):
        require(truth["images"], ("height", "width"), lambda index: f"{name}: image {index} of a data set with masks")
    for number, annotation in enumerate(truth["annotations"], 1):
        annotation["id"] = number  # From 1, whatever it was: pycocotools takes an object of id 0 for one that was not found
        annotation.setdefault("iscrowd", 0)
        if "area" not in annotation:
            annotation["area"] = area(annotation, images[annotation["image_id"]])
    truth.setdefault("info", {})


def area(annotation, image):
    if has_mask(annotation):
        from pycocotools import mask
        return float(mask.area(mask_code(annotation, image)))
    return annotation["bbox"][2] * annotation["bbox"][3]


def only(truth, images):
    """The part of the data set that these images are."""
    kept = {image["id"] for image in images}
    return dict(truth, images=images, annotations=[annotation for annotation in truth["annotations"] if annotation["image_id"] in kept])


def with_masks(truth):
    """The part of the data set where masks can be judged: images all of whose objects have one; none where no object has."""
    bare = {annotation["image_id"] for annotation in truth["annotations"] if not has_mask(annotation)}
    part = only(truth, [image for image in truth["images"] if image["id"] not in bare])
    return part if part["annotations"] else only(truth, [])


def number_of(file_name):
    """The number that `neuron-rcnn detect` names an image by (139 of 000000000139.jpg), or None."""
    stem = pathlib.PurePath(file_name).stem
    return int(stem) if stem.isascii() and stem.isdigit() and int(stem) < 1 << 63 else None


def shared_end(one, other):
    """How many of the last parts of two paths agree."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(reversed(one), reversed(other))))


def read_results(path, images):
    """Results in COCO's form by the data set's image ids; those of other images are left out.

    Texts name files, with or without folders. Numbers are ids of the data set, or what its files' names are as numbers, as
    `neuron-rcnn detect` writes them: for a whole file whichever more of them can be, ids if both.
    """
    results = read_json(path)
    if not isinstance(results, list):
        raise Refused(f"{path} holds no list; expected COCO results, as 'neuron-rcnn detect --format coco' writes them")
    require(results, ("image_id", "category_id", "bbox", "score"), lambda index: f"{path}: result {index}")
    given = list(dict.fromkeys(result["image_id"] for result in results))
    meant = numbers_meant([name for name in given if not isinstance(name, str)], images, path)
    meant |= names_meant([name for name in given if isinstance(name, str)], images)
    files, named = {image["id"]: image.get("file_name", image["id"]) for image in images}, {}
    for name, identifiers in meant.items():
        if len(identifiers) > 1:
            raise Refused(f"{path}: image_id {name!r} may be {' or '.join(str(files[identifier]) for identifier in identifiers[:2])}; "
                          "name images by the data set's ids, or by its file names with their folders")
        other = named.setdefault(identifiers[0], name)
        if other != name:
            raise Refused(f"{path}: image_ids {other!r} and {name!r} would both be {files[identifiers[0]]}; "
                          "name images by the data set's ids, or by its file names with their folders")
    strange = [name for name in given if name not in meant]
    if strange and not meant:
        raise Refused(f"{path} is of other images: its image_ids are {strange[:4]}, "
                      f"the data set has {list(files)[:4]}, files {list(files.values())[:4]}")
    if strange:
        sys.stderr.write(f"note: {path} is of {len(strange)} images, too, that the data set lacks, such as {strange[0]!r}; their results are left out\n")
    return [dict(result, image_id=meant[result["image_id"]][0]) for result in results if result["image_id"] in meant]


def numbers_meant(numbers, images, path):
    """{number: ids that it may mean}, of numbers that mean any."""
    ids, by_number = {image["id"] for image in images}, collections.defaultdict(list)
    for image in images:
        number = number_of(image.get("file_name", ""))
        if number is not None:
            by_number[number].append(image["id"])
    as_ids = {number: [number] for number in numbers if number in ids}
    as_names = {number: by_number[number] for number in numbers if number in by_number}
    if len(as_names) > len(as_ids):
        return as_names
    if len(as_names) == len(as_ids) and as_names != as_ids:
        sys.stderr.write(f"note: the image_ids of {path} can be ids of the data set and the numbers of other files' names; they are taken as ids. "
                         "If 'neuron-rcnn detect' wrote them, they are file names': have the model run here, with -m, which knows its images\n")
    return as_ids


def names_meant(names, images):
    """{name: ids that it may mean}, of names that mean any: the id, else the whole file name, else as many of its last parts as agree."""
    exact, by_base = collections.defaultdict(list), collections.defaultdict(list)
    for image in images:
        if "file_name" in image:
            exact[image["file_name"]].append(image["id"])
            path = pathlib.PurePath(image["file_name"])
            by_base[path.name].append((path.parts, image["id"]))
    ids, meant = {image["id"] for image in images}, {}
    for name in names:
        path = pathlib.PurePath(name)
        agreeing = [(shared_end(path.parts, parts), identifier) for parts, identifier in by_base.get(path.name, ())]
        most = max((count for count, _ in agreeing), default=0)
        found = [name] if name in ids else exact.get(name) or [identifier for count, identifier in agreeing if count == most]
        if found:
            meant[name] = found
    return meant
