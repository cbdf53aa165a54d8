# SPDX-License-Identifier: MIT
"""Run from media/: python3 -m unittest. bench/evaluate.py on results whose figures are known."""
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import evaluate  # noqa: E402

BOXES = [[10, 10, 100, 50], [200, 100, 60, 80]]
# Finds one box in each picture and names it as `neuron-rcnn detect` does; says in a file how many pictures each call had.
PROGRAM = """#!{python}
import collections, json, pathlib, sys
if sys.argv[1] == "inspect":
    print(json.dumps({{"class_names": {names}, "category_ids": [3, 1]}}))
    sys.exit()
paths = sys.argv[sys.argv.index("-") + 1:]
names = collections.Counter(pathlib.Path(path).name for path in paths)
named = {{path: pathlib.Path(path).name if names[pathlib.Path(path).name] == 1 else path for path in paths}}
number = lambda path: int(pathlib.Path(path).stem) if pathlib.Path(path).stem.isdigit() else path
numbers = collections.Counter(number(path) for path in paths)
with open("{log}", "a") as log:
    print(len(paths), file=log)
print(json.dumps([{{"image_id": number(path) if numbers[number(path)] == 1 and number(path) != path else named[path], "category_id": 3, "score": 0.9,
                   "bbox": json.loads(pathlib.Path(path).read_text())}} for path in paths]))
"""


def truth_of(files, boxes=None):
    """A data set whose image k + 1 is files[k] with the box boxes[k]."""
    boxes = boxes or [[10 * k, 10, 50, 40] for k in range(len(files))]
    return {"images": [{"id": k, "file_name": file, "width": 400, "height": 300} for k, file in enumerate(files, 1)], "categories": [{"id": 3, "name": "car"}],
            "annotations": [{"id": k, "image_id": k, "category_id": 3, "bbox": box, "area": box[2] * box[3], "iscrowd": 0} for k, box in enumerate(boxes, 1)]}


def polygon(box):
    x, y, width, height = box
    return [[x, y, x + width, y, x + width, y + height, x, y + height]]


class Evaluate(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.place.name)
        self.addCleanup(self.place.cleanup)
        one = truth_of(["one.jpg", "one.jpg"], BOXES)
        self.truth = dict(one, images=one["images"][:1], annotations=[dict(annotation, image_id=1) for annotation in one["annotations"]])

    def run_on(self, truth, *arguments):
        """-> the figures, or None where it is refused; what it says on standard error is in self.said."""
        (self.folder / "truth.json").write_text(json.dumps(truth))
        said = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            code = evaluate.main(["--dataset", str(self.folder / "truth.json"), "--json", str(self.folder / "out.json"), *map(str, arguments)])
        self.said = said.getvalue()
        return json.loads((self.folder / "out.json").read_text()) if code == 0 else None

    def figures_of(self, results, truth=None):
        (self.folder / "results.json").write_text(json.dumps(results))
        return self.run_on(truth or self.truth, "--results", self.folder / "results.json")

    def figures_of_program(self, truth, *arguments, names=("car", "dog")):
        program = self.folder / "program"
        program.write_text(PROGRAM.format(python=sys.executable, log=self.folder / "calls", names=json.dumps(names)))
        program.chmod(0o755)
        for image, annotation in zip(truth["images"], truth["annotations"]):
            file = self.folder / image["file_name"]
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(annotation["bbox"]))
        return self.run_on(truth, "-m", "model.rcnn", "--program", program, *arguments)

    def test_perfect_results_by_file_name(self):
        found = [{"image_id": "shots/one.jpg", "category_id": 3, "bbox": box, "score": 0.9} for box in BOXES]
        self.assertEqual(self.figures_of(found)["boxes"]["AP"], 1.0)

    def test_half_of_the_objects_found(self):
        figures = self.figures_of([{"image_id": 1, "category_id": 3, "bbox": BOXES[0], "score": 0.9}])["boxes"]
        self.assertAlmostEqual(figures["AP50"], 51 / 101)  # Recall 0 to 0.5 of the 101 points
        self.assertEqual(figures["AR 100"], 0.5)

    def test_results_of_another_class_list_are_refused(self):
        self.assertIsNone(self.figures_of([{"image_id": 1, "category_id": 77, "bbox": [0, 0, 5, 5], "score": 0.9}]))
        self.assertIn("no result has a category of the data set", self.said)

    def test_an_object_whose_id_is_0_can_be_found(self):
        for annotation in self.truth["annotations"]:
            annotation["id"] -= 1
        found = [{"image_id": 1, "category_id": 3, "bbox": box, "score": 0.9} for box in BOXES]
        self.assertEqual(self.figures_of(found)["boxes"]["AP"], 1.0)

    def test_masks_are_judged_where_every_object_has_one(self):
        truth = truth_of(["a.jpg", "b.jpg", "c.jpg"])
        for annotation in truth["annotations"]:
            annotation["segmentation"] = polygon(annotation["bbox"])
            del annotation["area"], annotation["iscrowd"]
        found = [{"image_id": a["image_id"], "category_id": 3, "bbox": a["bbox"], "score": 0.9, "segmentation": polygon(a["bbox"])} for a in truth["annotations"]]
        found[1]["segmentation"] = polygon([0, 0, 9, 9])
        self.assertAlmostEqual(self.figures_of(found, truth)["masks"]["AR 100"], 2 / 3)
        truth["annotations"][1]["segmentation"] = []
        self.assertEqual(self.figures_of(found, truth)["masks"]["AR 100"], 1.0)
        self.assertIn("masks are judged on 2 images", self.said)
        for annotation in truth["annotations"]:
            annotation["segmentation"] = []
        figures = self.figures_of(found, truth)
        self.assertEqual(figures["boxes"]["AP"], 1.0)
        self.assertNotIn("masks", figures)

    def test_a_program_is_given_no_more_files_than_a_command_takes(self):
        truth = truth_of([f"{k:03d}.jpg" for k in range(40)])  # Of 000.jpg the id is 1
        with mock.patch.object(evaluate, "ARGUMENT_BYTES", 10 * (len(str(self.folder)) + 20)):
            self.assertEqual(self.figures_of_program(truth, "--write-results", self.folder / "kept.json")["boxes"]["AP"], 1.0)
        calls = [int(line) for line in (self.folder / "calls").read_text().split()]
        self.assertEqual(sum(calls), 40)
        self.assertLessEqual(max(calls), 11)
        kept = json.loads((self.folder / "kept.json").read_text())
        self.assertEqual([result["image_id"] for result in kept], list(range(1, 41)))

    def test_classes_are_compared_by_name_where_a_model_has_names(self):
        truth = truth_of(["1.jpg", "2.jpg"])
        truth["categories"] = [{"id": 1, "name": "Car"}, {"id": 3, "name": "dog"}]  # What the model finds as 3 is a car
        for annotation in truth["annotations"]:
            annotation["category_id"] = 1
        self.assertEqual(self.figures_of_program(truth)["boxes"]["AP"], 1.0)
        self.assertIsNone(self.figures_of_program(truth, names=("cat", "car")))
        self.assertIn("results have [\"'cat'\"]", self.said)
        for annotation in truth["annotations"]:
            annotation["category_id"] = 3
        self.assertEqual(self.figures_of_program(truth, names=("0", "1"))["boxes"]["AP"], 1.0)
        self.assertIn("class ids decide", self.said)

    def test_a_program_tells_images_of_one_name_apart(self):
        truth = truth_of(["a/000001.jpg", "b/000001.jpg", "b/1.jpg", "a/dog.jpg", "b/dog.jpg"])
        self.assertEqual(self.figures_of_program(truth)["boxes"]["AP"], 1.0)
        with mock.patch.object(evaluate, "ARGUMENT_BYTES", 1):  # Each in a call of its own, where all are 1 or dog.jpg
            self.assertEqual(self.figures_of_program(truth)["boxes"]["AP"], 1.0)

    def test_found_again_is_of_the_same_class_and_place_and_once(self):
        def result(box, category=3, score=0.9, image=1):
            return {"image_id": image, "category_id": category, "bbox": box, "score": score}
        others = [result([0, 0, 100, 100]), result([0, 0, 100, 100], score=0.6), result([200, 0, 50, 50]), result([300, 0, 50, 50], score=0.4), result([0, 0, 10, 10], image=2)]
        ours = [result([1, 1, 99, 99], score=0.2), result([200, 0, 50, 50], category=1), result([200, 0, 40, 50]), result([300, 0, 50, 50])]
        self.assertEqual(evaluate.found_again(ours, others), (1, 4))

    def test_what_the_data_set_has_no_class_for_is_found_again_too(self):
        found = [{"image_id": 1, "category_id": category, "bbox": BOXES[0], "score": 0.9} for category in (3, 77)]
        (self.folder / "results.json").write_text(json.dumps(found))
        figures = self.run_on(self.truth, "--results", self.folder / "results.json", "--against", self.folder / "results.json")
        self.assertEqual(figures["found_again"], {"found": 2, "of": 2})


if __name__ == "__main__":
    unittest.main()
