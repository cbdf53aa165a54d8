#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Accuracy of an artifact on a data set, as COCO's own table.

    bench/evaluate.py --dataset instances.json --images DIR -m model.rcnn [--threshold 0.05]
    bench/evaluate.py --dataset instances.json --results results.json        # of detections that exist already
    bench/evaluate.py ... --against f32.json                                 # how much of another run's results is found again
    bench/evaluate.py --voc DIR [--split test] -m model.rcnn                 # Annotations/ and JPEGImages/ in VOC's form

Runs `neuron-rcnn detect --format coco` over the images, then pycocotools (see media/requirements.txt). Masks are judged when the results
have them, on the images whose every object has one.
"""
import argparse
import collections
import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys

from data_sets import Refused, complete, has_mask, mask_code, number_of, only, read_json, read_results, read_voc, require, with_masks

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
ARGUMENT_BYTES = min(os.sysconf("SC_ARG_MAX") // 2, 1 << 20)  # Of one command; the environment needs room, too, and Linux has less than it says where stacks are unlimited


def parse(arguments):
    parser = argparse.ArgumentParser(description="Prints COCO's table of average precision for an artifact on a data set.")
    add = parser.add_argument
    add("--dataset", type=pathlib.Path, help="annotations in COCO's form")
    add("--images", type=pathlib.Path, help="folder of its images (default: beside the annotations)")
    add("--voc", type=pathlib.Path, help="data set in VOC's form, instead of --dataset and --images")
    add("--split", help="with --voc: a list in ImageSets/Main, such as test (default: all annotations)")
    add("--write-dataset", type=pathlib.Path, help="with --voc: keep the converted annotations in this file")
    add("-m", "--model", type=pathlib.Path, help="artifact made by 'neuron-rcnn compile'")
    add("--results", type=pathlib.Path, help="COCO results to judge, instead of running a model; image_id: the data set's, the file's name, or the number that the name is")
    add("--write-results", type=pathlib.Path, help="keep the detections in this file, image_ids being the data set's")
    add("--against", type=pathlib.Path, help="COCO results of another run on the same images: also say how many of its detections with scores of 0.5 and more are found again (same class, IoU 0.9)")
    add("--threshold", type=float, default=0.05, help="lowest score that counts (default 0.05)")
    add("--limit", type=int, default=0, help="use the first so many images")
    add("--program", type=pathlib.Path, default=PROGRAM, help="neuron-rcnn (default: of build/)")
    add("--json", type=pathlib.Path, help="also write the figures to this file")
    options = parser.parse_args(arguments)
    if bool(options.dataset) == bool(options.voc):
        parser.error("give either --dataset or --voc")
    if options.split and not options.voc:
        parser.error("--split goes with --voc")
    if options.limit < 0:
        parser.error(f"--limit is {options.limit}; give a number of images, or 0 for all")
    if options.write_dataset and options.voc and not (options.model or options.results):
        return options  # A conversion alone
    if bool(options.model) == bool(options.results):
        parser.error("give either -m MODEL or --results FILE")
    return options


def pieces(paths, images):
    """The images with their paths, as many at a time as one command takes."""
    piece, room = {}, ARGUMENT_BYTES
    for path, image in zip(paths, images):
        size = len(os.fsencode(path)) + 9  # With its end and the pointer to it
        if piece and size > room:
            yield piece
            piece, room = {}, ARGUMENT_BYTES
        piece[path] = image["id"]
        room -= size
    yield piece


def run_model(options, images, folder):
    """What neuron-rcnn finds in the images, as COCO results by the data set's image ids."""
    if not options.program.exists():
        raise Refused(f"{options.program} does not exist; build the project first or name the program with --program")
    require(images, ("id", "file_name"), lambda index: f"image {index} of the data set")
    paths = [folder / image["file_name"] for image in images]
    missing = [image["file_name"] for image, path in zip(images, paths) if not path.exists()]
    if missing:
        raise Refused(f"{folder}: {len(missing)} of {len(images)} images are not there, the first {missing[0]}; name their folder with --images")
    twice, times = collections.Counter(paths).most_common(1)[0]
    if times > 1:
        raise Refused(f"{times} images of the data set are the file {twice}; each needs its own")
    results = []
    for piece in pieces(paths, images):
        command = [options.program, "detect", "-m", options.model, "--threshold", options.threshold, "--format", "coco", "--json", "-", *piece]
        ended = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE)
        if ended.returncode:
            raise Refused(f"neuron-rcnn detect ended with {ended.returncode}; its messages are above")
        # It names an image by its number, by its name where images of one command share that, by its path where they share the name, too.
        meant = {}
        for path, identifier in piece.items():
            meant |= {number_of(path): identifier, path.name: identifier, str(path): identifier}
        results += [dict(result, image_id=meant[result["image_id"]]) for result in json.loads(ended.stdout)]
    return results


def as_named(options, results, categories):
    """The model's results under the data set's ids of the same class names, whatever ids the model's own list has. Where no name is shared, ids stay."""
    shown = subprocess.run([str(options.program), "inspect", str(options.model), "--json"], capture_output=True)
    if shown.returncode:
        raise Refused(f"neuron-rcnn inspect ended with {shown.returncode}: {shown.stderr.decode(errors='replace').strip()}")
    classes = json.loads(shown.stdout)
    wanted = {category["name"].casefold(): category["id"] for category in categories}
    own = {identifier: name for identifier, name in zip(classes["category_ids"], classes["class_names"])}
    if not any(name.casefold() in wanted for name in own.values()):
        sys.stderr.write(f"note: no class name of the model is one of the data set's ({', '.join(list(own.values())[:3])}... and {', '.join(list(wanted)[:3])}...), "
                         "so class ids decide what is compared; compile it with --labels to give it the data set's names\n")
        return results
    # A class that the data set lacks must not count as the one that has its id there.
    places = {identifier: wanted.get(name.casefold(), f"'{name}'") for identifier, name in own.items()}
    return [dict(result, category_id=places.get(result["category_id"], result["category_id"])) for result in results]


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


def judged_kinds(truth, results):
    """(title, pycocotools' name, part of the data set, results) of boxes and, where there are any, of masks."""
    # pycocotools derives what a result lacks from what it has, and prefers the box: each kind sees its own part alone.
    without = lambda key, rows: [{name: value for name, value in row.items() if name != key} for row in rows]
    yield "boxes", "bbox", truth, without("segmentation", results)
    part = with_masks(truth)
    images = {image["id"]: image for image in part["images"]}
    rows = [result for result in results if result["image_id"] in images]
    bare = sum(not has_mask(result) for result in rows)
    if bare == len(rows):
        return
    if bare:
        sys.stderr.write(f"note: masks are not judged: {bare} of {len(rows)} results have none\n")
        return
    if len(images) < len(truth["images"]):
        others = len(truth["images"]) - len(images)
        sys.stderr.write(f"note: masks are judged on {len(images)} images; on {others} there are objects without a segmentation\n")
    yield "masks", "segm", part, [dict(row, segmentation=mask_code(row, images[row["image_id"]])) for row in without("bbox", rows)]


def check_categories(results, truth):
    known = {category["id"] for category in truth["categories"]}
    strange = collections.Counter(result["category_id"] for result in results if result["category_id"] not in known)
    if results and sum(strange.values()) == len(results):
        raise Refused(f"no result has a category of the data set: results have {sorted(strange, key=str)[:8]}, the data set {sorted(known)[:8]}; compile the model with the data set's class list")
    if strange:
        sys.stderr.write(f"note: {sum(strange.values())} results have categories that the data set lacks, the most frequent {strange.most_common(1)[0][0]}; they are left out\n")
    return [result for result in results if result["category_id"] in known]


def work(options):
    truth = read_voc(options.voc, options.split) if options.voc else read_json(options.dataset)
    if options.write_dataset:
        options.write_dataset.write_text(json.dumps(truth))
        if not (options.model or options.results):
            print(f"{len(truth['images'])} images and {len(truth['annotations'])} objects in {options.write_dataset}")
            return
    if absent:
        raise Refused(f"{absent} is not installed: '{sys.executable} -m pip install numpy pycocotools' installs what is needed (media/requirements.txt has the versions)")
    complete(truth, options.voc or options.dataset)
    every_image, truth = truth["images"], only(truth, truth["images"][:options.limit or None])
    used = {image["id"] for image in truth["images"]}
    folder = options.images or (options.voc / "JPEGImages" if options.voc else options.dataset.parent)
    found = read_results(options.results, every_image) if options.results else as_named(options, run_model(options, truth["images"], folder), truth["categories"])
    if options.write_results:
        options.write_results.write_text(json.dumps(found))
    found = [result for result in found if result["image_id"] in used and result["score"] > options.threshold]
    results = check_categories(found, truth)
    if not results:
        raise Refused(f"there are no detections above {options.threshold} on these {len(truth['images'])} images")
    print(f"{len(truth['images'])} images, {sum(not annotation['iscrowd'] for annotation in truth['annotations'])} objects, {len(results)} detections above {options.threshold}")
    figures = {}
    for title, kind, part, rows in judged_kinds(truth, results):
        figures[title], each = evaluate(part, rows, kind)
        show(title, figures[title], each)
        figures[title] |= {"categories": {name: {"AP": precision, "AP50": half} for name, (precision, half) in each.items()}}
    if options.against:
        again, wanted = found_again(found, [other for other in read_results(options.against, every_image) if other["image_id"] in used])
        print(f"\nof {wanted} detections with scores of 0.5 and more in {options.against}, {again} are found again" + (f" ({100 * again / wanted:.1f} %)" if wanted else ""))
        figures["found_again"] = {"found": again, "of": wanted}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


def main(arguments):
    options = parse(arguments)
    try:
        work(options)
    except (Refused, OSError) as error:
        sys.stderr.write(f"evaluate.py: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
