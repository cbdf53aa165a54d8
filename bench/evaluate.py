#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Accuracy of an artifact on a data set, as COCO's own table.

    bench/evaluate.py --dataset instances.json --images DIR -m model.rcnn [--threshold 0.05]
    bench/evaluate.py --dataset instances.json --results results.json        # of detections that exist already
    bench/evaluate.py ... --against f32.json                                 # how much of another run's results is found again
    bench/evaluate.py --voc DIR [--split test] -m model.rcnn                 # Annotations/ and JPEGImages/ in VOC's form

Runs `neuron-rcnn detect --format coco` over the images, then pycocotools (see media/requirements.txt). Masks are judged when both the data
set and the results have them.
"""
import argparse
import collections
import contextlib
import io
import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

try:
    import numpy as np
    from pycocotools import mask
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
except ModuleNotFoundError as missing:
    absent = missing.name
else:
    absent = None

PROGRAM = pathlib.Path(__file__).resolve().parent.parent / "build/launch/neuron-rcnn"
ROWS = ("AP", "AP50", "AP75", "AP small", "AP medium", "AP large", "AR 1", "AR 10", "AR 100", "AR small", "AR medium", "AR large")


class Refused(Exception):
    """What was given cannot be evaluated; the message says why and what to do."""


def parse(arguments):
    parser = argparse.ArgumentParser(description="Prints COCO's table of average precision for an artifact on a data set.")
    add = parser.add_argument
    add("--dataset", type=pathlib.Path, help="annotations in COCO's form")
    add("--images", type=pathlib.Path, help="folder of its images (default: beside the annotations)")
    add("--voc", type=pathlib.Path, help="data set in VOC's form, instead of --dataset and --images")
    add("--split", help="with --voc: a list in ImageSets/Main, such as test (default: all annotations)")
    add("--write-dataset", type=pathlib.Path, help="with --voc: keep the converted annotations in this file")
    add("-m", "--model", type=pathlib.Path, help="artifact made by 'neuron-rcnn compile'")
    add("--results", type=pathlib.Path, help="COCO results to judge, instead of running a model")
    add("--write-results", type=pathlib.Path, help="keep the detections in this file")
    add("--against", type=pathlib.Path, help="COCO results of another run on the same images: also say how many of its detections with scores of 0.5 and more are found again (same class, IoU 0.9)")
    add("--threshold", type=float, default=0.05, help="lowest score that counts (default 0.05)")
    add("--limit", type=int, default=0, help="use the first so many images")
    add("--program", type=pathlib.Path, default=PROGRAM, help="neuron-rcnn (default: of build/)")
    add("--json", type=pathlib.Path, help="also write the figures to this file")
    options = parser.parse_args(arguments)
    if bool(options.dataset) == bool(options.voc):
        parser.error("give either --dataset or --voc")
    if options.write_dataset and options.voc and not (options.model or options.results):
        return options  # A conversion alone
    if bool(options.model) == bool(options.results):
        parser.error("give either -m MODEL or --results FILE")
    return options


def read_voc(folder, split):
    """VOC annotations as COCO: VOC's pixels begin at 1 and its boxes include their last pixel; classes in alphabetical order."""
    files = sorted((folder / "Annotations").glob("*.xml"))
    if split:
        chosen = set((folder / "ImageSets/Main" / f"{split}.txt").read_text().split())
        files = [file for file in files if file.stem in chosen]
    if not files:
        raise Refused(f"{folder}: no annotations; expected Annotations/*.xml" + (f" named in ImageSets/Main/{split}.txt" if split else ""))
    images, found = [], []
    for identifier, file in enumerate(files, 1):
        root = xml.etree.ElementTree.parse(file).getroot()
        width, height = (int(root.findtext(f"size/{side}")) for side in ("width", "height"))
        images.append({"id": identifier, "file_name": f"{file.stem}.jpg", "width": width, "height": height})
        for thing in root.iter("object"):
            x0, y0, x1, y1 = (float(thing.findtext(f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax"))
            box = [x0 - 1, y0 - 1, x1 - x0 + 1, y1 - y0 + 1]
            found.append({"image_id": identifier, "name": thing.findtext("name"), "bbox": box, "area": box[2] * box[3], "iscrowd": int(thing.findtext("difficult") or 0)})
    order = {name: number for number, name in enumerate(sorted({annotation["name"] for annotation in found}), 1)}
    for number, annotation in enumerate(found, 1):
        annotation |= {"id": number, "category_id": order[annotation.pop("name")]}
    return {"images": images, "annotations": found, "categories": [{"id": number, "name": name} for name, number in order.items()]}


def run_model(options, images, folder):
    """What neuron-rcnn finds in the images, as COCO results."""
    if not options.program.exists():
        raise Refused(f"{options.program} does not exist; build the project first or name the program with --program")
    missing = [image["file_name"] for image in images if not (folder / image["file_name"]).exists()]
    if missing:
        raise Refused(f"{folder}: {len(missing)} of {len(images)} images are not there, the first {missing[0]}; name their folder with --images")
    command = [options.program, "detect", "-m", options.model, "--threshold", options.threshold, "--format", "coco", "--json", "-",
               *(folder / image["file_name"] for image in images)]
    ended = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE)
    if ended.returncode:
        raise Refused(f"neuron-rcnn detect ended with {ended.returncode}; its messages are above")
    return json.loads(ended.stdout)


def with_image_ids(results, images):
    """Results name an image by its file, or by the number that its file's name is (139 for 000000000139.jpg), or by its id."""
    meant = {image["id"]: image["id"] for image in images}
    for image in images:
        path = pathlib.PurePath(image["file_name"])
        meant |= {image["file_name"]: image["id"], path.name: image["id"]}
        if path.stem.isdigit():
            meant[int(path.stem)] = image["id"]
    ready = []
    for result in results:
        name = result["image_id"]
        identifier = meant.get(name, meant.get(pathlib.PurePath(str(name)).name))
        if identifier is not None:
            ready.append(dict(result, image_id=identifier))
    return ready


def evaluate(truth, results, kind):
    """-> (the twelve figures, AP and AP50 by category)."""
    with contextlib.redirect_stdout(io.StringIO()):
        data = COCO()
        data.dataset = truth
        data.createIndex()
        judged = COCOeval(data, data.loadRes(results), kind)
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    precision = judged.eval["precision"]  # [IoU, recall, category, area, most]
    each = {}
    for index, category in enumerate(judged.params.catIds):
        values = precision[:, :, index, 0, -1]
        if (values > -1).any():
            each[data.cats[category]["name"]] = (float(np.mean(values[values > -1])), float(np.mean(values[0][values[0] > -1])))
    return dict(zip(ROWS, map(float, judged.stats))), each


def show(kind, figures, each):
    print(f"\n{kind}")
    for name, value in figures.items():
        print(f"  {name:<10} {value:7.3f}" if value >= 0 else f"  {name:<10}       -")
    width = max([len(name) for name in each] + [8])
    print(f"  {'category':<{width}}     AP   AP50")
    for name, (precision, half) in each.items():
        print(f"  {name:<{width}} {precision:6.3f} {half:6.3f}")


def found_again(results, others, score=0.5, overlap=0.9):
    """-> (how many of the other run's detections are here, too: same image and class, boxes with at least that IoU; how many it has). Each counts once."""
    places = collections.defaultdict(list)
    for result in results:
        places[result["image_id"], result["category_id"]].append(result["bbox"])
    wanted = sorted((other for other in others if other["score"] >= score), key=lambda other: -other["score"])
    taken, found = collections.defaultdict(set), 0
    for other in wanted:
        key = other["image_id"], other["category_id"]
        if not places[key]:
            continue
        overlaps = mask.iou(np.array([other["bbox"]], float), np.array(places[key], float), [0] * len(places[key]))[0]
        for index in np.argsort(-overlaps):
            if overlaps[index] >= overlap and index not in taken[key]:
                taken[key].add(index)
                found += 1
                break
    return found, len(wanted)


def check_categories(results, truth):
    known = {category["id"] for category in truth["categories"]}
    strange = collections.Counter(result["category_id"] for result in results if result["category_id"] not in known)
    if results and sum(strange.values()) == len(results):
        raise Refused(f"no result has a category of the data set: results have {sorted(strange)[:8]}, the data set {sorted(known)[:8]}; compile the model with the data set's class list")
    if strange:
        sys.stderr.write(f"note: {sum(strange.values())} results have categories that the data set lacks, the most frequent {strange.most_common(1)[0][0]}; they are left out. If the model's class list is not the data set's, compile it with --labels: class ids decide what is compared\n")
    return [result for result in results if result["category_id"] in known]


def work(options):
    truth = read_voc(options.voc, options.split) if options.voc else json.loads(options.dataset.read_text())
    if options.write_dataset:
        options.write_dataset.write_text(json.dumps(truth))
        if not (options.model or options.results):
            print(f"{len(truth['images'])} images and {len(truth['annotations'])} objects in {options.write_dataset}")
            return
    if absent:
        raise Refused(f"{absent} is not installed: '{sys.executable} -m pip install numpy pycocotools' installs what is needed (media/requirements.txt has the versions)")
    truth.setdefault("info", {})
    if options.limit:
        truth["images"] = truth["images"][:options.limit]
        kept = {image["id"] for image in truth["images"]}
        truth["annotations"] = [annotation for annotation in truth["annotations"] if annotation["image_id"] in kept]
    folder = options.images or (options.voc / "JPEGImages" if options.voc else options.dataset.parent)
    results = json.loads(options.results.read_text()) if options.results else run_model(options, truth["images"], folder)
    if options.write_results:
        options.write_results.write_text(json.dumps(results))
    results = [result for result in check_categories(with_image_ids(results, truth["images"]), truth) if result["score"] > options.threshold]
    if not results:
        raise Refused(f"there are no detections above {options.threshold} on these {len(truth['images'])} images")
    print(f"{len(truth['images'])} images, {sum(not annotation.get('iscrowd') for annotation in truth['annotations'])} objects, {len(results)} detections above {options.threshold}")
    figures = {}
    masks = all("segmentation" in annotation for annotation in truth["annotations"]) and all("segmentation" in result for result in results)
    for kind, title, unused in (("bbox", "boxes", "segmentation"), ("segm", "masks", "bbox"))[:2 if masks else 1]:
        # pycocotools derives what a result lacks from what it has, and prefers the box: each kind sees its own part alone.
        rows = [{key: value for key, value in result.items() if key != unused} for result in results]
        figures[title], each = evaluate(truth, rows, kind)
        show(title, figures[title], each)
        figures[title] |= {"categories": {name: {"AP": precision, "AP50": half} for name, (precision, half) in each.items()}}
    if options.against:
        found, wanted = found_again(results, with_image_ids(json.loads(options.against.read_text()), truth["images"]))
        print(f"\nof {wanted} detections with scores of 0.5 and more in {options.against}, {found} are found again" + (f" ({100 * found / wanted:.1f} %)" if wanted else ""))
        figures["found_again"] = {"found": found, "of": wanted}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


def main(arguments):
    options = parse(arguments)
    try:
        work(options)
    except (Refused, OSError, json.JSONDecodeError) as error:
        sys.stderr.write(f"evaluate.py: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
