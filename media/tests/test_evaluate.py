# SPDX-License-Identifier: MIT
"""Run from media/: python3 -m unittest. bench/evaluate.py on results whose figures are known."""
import contextlib
import importlib.util
import io
import json
import pathlib
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench/evaluate.py"
specification = importlib.util.spec_from_file_location("evaluate", BENCH)
evaluate = importlib.util.module_from_spec(specification)
specification.loader.exec_module(evaluate)
VOC = """<annotation><size><width>640</width><height>480</height></size>
<object><name>{}</name><bndbox><xmin>1</xmin><ymin>11</ymin><xmax>20</xmax><ymax>40</ymax></bndbox></object></annotation>"""


class Evaluate(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.place.name)
        self.addCleanup(self.place.cleanup)

    def figures_of(self, results):
        boxes = [[10, 10, 100, 50], [200, 100, 60, 80]]
        truth = {"images": [{"id": 1, "file_name": "one.jpg", "width": 400, "height": 300}], "categories": [{"id": 3, "name": "car"}],
                 "annotations": [{"id": k + 1, "image_id": 1, "category_id": 3, "bbox": box, "area": box[2] * box[3], "iscrowd": 0} for k, box in enumerate(boxes)]}
        (self.folder / "truth.json").write_text(json.dumps(truth))
        (self.folder / "results.json").write_text(json.dumps(results))
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = evaluate.main(["--dataset", str(self.folder / "truth.json"), "--results", str(self.folder / "results.json"), "--json", str(self.folder / "out.json")])
        return json.loads((self.folder / "out.json").read_text())["boxes"] if code == 0 else code

    def test_perfect_results_by_file_name(self):
        found = [{"image_id": "shots/one.jpg", "category_id": 3, "bbox": box, "score": 0.9} for box in ([10, 10, 100, 50], [200, 100, 60, 80])]
        self.assertEqual(self.figures_of(found)["AP"], 1.0)

    def test_half_of_the_objects_found(self):
        figures = self.figures_of([{"image_id": 1, "category_id": 3, "bbox": [10, 10, 100, 50], "score": 0.9}])
        self.assertAlmostEqual(figures["AP50"], 51 / 101)  # Recall 0 to 0.5 of the 101 points
        self.assertEqual(figures["AR 100"], 0.5)

    def test_results_of_another_class_list_are_refused(self):
        self.assertEqual(self.figures_of([{"image_id": 1, "category_id": 77, "bbox": [0, 0, 5, 5], "score": 0.9}]), 1)

    def test_found_again_is_of_the_same_class_and_place_and_once(self):
        def result(box, category=3, score=0.9, image=1):
            return {"image_id": image, "category_id": category, "bbox": box, "score": score}
        others = [result([0, 0, 100, 100]), result([0, 0, 100, 100], score=0.6), result([200, 0, 50, 50]), result([300, 0, 50, 50], score=0.4), result([0, 0, 10, 10], image=2)]
        ours = [result([1, 1, 99, 99], score=0.2), result([200, 0, 50, 50], category=1), result([200, 0, 40, 50]), result([300, 0, 50, 50])]
        self.assertEqual(evaluate.found_again(ours, others), (1, 4))

    def test_voc_pixels_begin_at_one(self):
        (self.folder / "Annotations").mkdir()
        for stem, name in (("b", "RBC"), ("a", "WBC")):
            (self.folder / "Annotations" / f"{stem}.xml").write_text(VOC.format(name))
        data = evaluate.read_voc(self.folder, None)
        self.assertEqual([image["file_name"] for image in data["images"]], ["a.jpg", "b.jpg"])
        self.assertEqual(data["annotations"][0]["bbox"], [0, 10, 20, 30])
        self.assertEqual([annotation["category_id"] for annotation in data["annotations"]], [2, 1])


if __name__ == "__main__":
    unittest.main()
