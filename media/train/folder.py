# SPDX-License-Identifier: MIT
"""A folder of pictures and instances.json to train on, instead of scenes made meanwhile."""
import concurrent.futures
import contextlib
import io
import json
import pathlib
import sys

import numpy as np

MOST = 96  # Objects kept per picture


class NoPictures(Exception):
    """Training has nothing to go on with; the message says why."""


def read(folder):
    """The folder's COCO index. What annotations may lack is added: `iscrowd`, `area`. Raises NoPictures."""
    from pycocotools import mask
    from pycocotools.coco import COCO
    path = pathlib.Path(folder) / "instances.json"
    data = COCO()
    try:
        data.dataset = json.loads(path.read_text())
        images, annotations, _ = (data.dataset[key] for key in ("images", "annotations", "categories"))
        for number, annotation in enumerate(annotations, 1):
            annotation |= {"id": number, "iscrowd": annotation.get("iscrowd", 0)}
        with contextlib.redirect_stdout(io.StringIO()):
            data.createIndex()
    except OSError as error:
        raise NoPictures(f"--folder: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise NoPictures(f"{path} is no data set in COCO's form, with images, annotations and categories: {error!r}") from error
    if not images or len(data.imgs) < len(images) or not all("file_name" in image for image in images):
        raise NoPictures(f"{path}: expected images, each with an id of its own and a file_name")
    for annotation in known(data):
        if "area" not in annotation:
            annotation["area"] = float(mask.area(mask_code(data, annotation)))
    return data


def mask_code(data, annotation):
    try:
        return data.annToRLE(annotation)
    except Exception as error:
        raise NoPictures(f"an object of {data.imgs[annotation['image_id']]['file_name']} has no mask that pycocotools can read, and masks are trained, too: "
                         f"its segmentation is {str(annotation.get('segmentation'))[:60]} ({error!r}); mend it or leave it out of instances.json") from error


def known(data):
    """The annotations that training can use: of the scenes' classes, on images that are there."""
    from scenes.scene import CLASSES
    return [annotation for annotation in data.dataset["annotations"] if annotation["category_id"] in CLASSES and annotation["image_id"] in data.imgs]


def check(folder):
    """Refuses a folder that training would stumble over later: every picture is decoded once. Raises NoPictures."""
    import cv2
    from tqdm import tqdm

    from scenes.scene import CLASSES
    data = read(folder)
    usable = known(data)
    if not usable:
        raise NoPictures(f"{folder}: no annotation is of a class that is trained, by COCO's ids {CLASSES}")
    for annotation in usable:
        mask_code(data, annotation)
    paths = [pathlib.Path(folder) / image["file_name"] for image in data.imgs.values()]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pictures = pool.map(lambda path: cv2.imread(str(path), cv2.IMREAD_REDUCED_GRAYSCALE_8) is not None, paths)
        good = list(tqdm(pictures, "pictures checked", len(paths), disable=not sys.stderr.isatty()))
    bad = [path for path, decoded in zip(paths, good) if not decoded]
    if bad:
        raise NoPictures(f"{len(bad)} of {len(paths)} pictures of {folder} are not there or cannot be decoded, "
                         f"the first {bad[0]}; mend them or leave them out of instances.json")


class FolderSource:
    """A folder written by `python3 -m scenes`, or any COCO data set with the same categories; seed k is image k modulo their number."""

    def __init__(self, size, folder):
        from scenes.scene import CLASSES
        self.size, self.folder, self.data = size, pathlib.Path(folder), read(folder)
        self.ids, self.order = sorted(self.data.imgs), {category: index for index, category in enumerate(CLASSES)}

    def get(self, seed):
        """As SceneSource.get()."""
        import cv2
        image = self.data.imgs[self.ids[seed % len(self.ids)]]
        size, path = (self.size, self.size), self.folder / image["file_name"]
        picture = cv2.imread(str(path))
        if picture is None:
            raise NoPictures(f"{path} cannot be decoded any more")
        numbers, classes, crowd = np.zeros(size, np.uint8), [], []
        usable = [a for a in self.data.imgToAnns[image["id"]] if a["category_id"] in self.order]
        for annotation in sorted(usable, key=lambda a: -a["area"])[:MOST]:
            mask = cv2.resize(self.data.annToMask(annotation), size, interpolation=cv2.INTER_NEAREST)
            classes.append(self.order[annotation["category_id"]])
            crowd.append(bool(annotation["iscrowd"]))
            numbers[mask > 0] = len(classes)
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).transpose(2, 0, 1), numbers, classes, crowd
