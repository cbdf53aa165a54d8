# SPDX-License-Identifier: MIT
"""Run from media/: python3 -m unittest. bench/data_sets.py, which evaluate.py reads data sets and results with."""
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import data_sets  # noqa: E402

VOC = """<annotation><size><width>640</width><height>480</height></size>
<object><name>{}</name><bndbox><xmin>1</xmin><ymin>11</ymin><xmax>20</xmax><ymax>40</ymax></bndbox></object></annotation>"""


def images_of(*files, first=1):
    return [{"id": identifier, "file_name": file, "width": 400, "height": 300} for identifier, file in enumerate(files, first)]


class InFolder(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.place.name)
        self.addCleanup(self.place.cleanup)


class Voc(InFolder):
    def setUp(self):
        super().setUp()
        (self.folder / "Annotations").mkdir()
        for stem, name in (("b", "RBC"), ("a", "WBC"), ("c", "Platelets")):
            (self.folder / "Annotations" / f"{stem}.xml").write_text(VOC.format(name))

    def test_pixels_begin_at_one(self):
        data = data_sets.read_voc(self.folder, None)
        self.assertEqual([image["file_name"] for image in data["images"]], ["a.jpg", "b.jpg", "c.jpg"])
        self.assertEqual(data["annotations"][0]["bbox"], [0, 10, 20, 30])
        self.assertEqual([annotation["category_id"] for annotation in data["annotations"]], [3, 2, 1])

    def test_a_split_has_the_numbers_of_all_classes(self):
        (self.folder / "ImageSets/Main").mkdir(parents=True)
        (self.folder / "ImageSets/Main/test.txt").write_text("b\na\n")
        whole, part = data_sets.read_voc(self.folder, None), data_sets.read_voc(self.folder, "test")
        self.assertEqual(part["categories"], whole["categories"])
        self.assertEqual([annotation["category_id"] for annotation in part["annotations"]], [3, 2])
        self.assertEqual([(image["id"], image["file_name"]) for image in part["images"]], [(1, "a.jpg"), (2, "b.jpg")])
        self.assertEqual([(annotation["id"], annotation["image_id"]) for annotation in part["annotations"]], [(1, 1), (2, 2)])

    def test_a_file_of_another_form_is_named(self):
        for text in ("<annotation>", "<annotation/>", VOC.replace("<name>{}</name>", "")):
            (self.folder / "Annotations/c.xml").write_text(text)
            with self.assertRaisesRegex(data_sets.Refused, "c.xml is no annotation"):
                data_sets.read_voc(self.folder, None)


class Complete(unittest.TestCase):
    def test_what_is_missing_is_added_or_named(self):
        square = [[10, 10, 30, 10, 30, 20, 10, 20]]
        truth = {"images": images_of("a.jpg"), "categories": [{"id": 3, "name": "car"}],
                 "annotations": [{"id": "x", "image_id": 1, "category_id": 3, "bbox": [10, 10, 40, 20], "segmentation": square},
                                 {"id": 0, "image_id": 1, "category_id": 3, "bbox": [10, 10, 40, 20], "segmentation": []},
                                 {"id": 0, "image_id": 9, "category_id": 3, "bbox": [10, 10, 40, 20]}]}
        data_sets.complete(truth, "truth.json")
        self.assertEqual([(a["id"], a["iscrowd"], a["area"]) for a in truth["annotations"]], [(1, 0, 200.0), (2, 0, 800)])
        for key in ("images", "annotations", "categories"):
            with self.assertRaisesRegex(data_sets.Refused, f"truth.json has no '{key}'"):
                data_sets.complete({name: value for name, value in truth.items() if name != key}, "truth.json")
        with self.assertRaisesRegex(data_sets.Refused, "annotation 0 has no 'bbox'"):
            data_sets.complete(dict(truth, annotations=[{"image_id": 1, "category_id": 3}]), "truth.json")
        with self.assertRaisesRegex(data_sets.Refused, "several images have the id 1"):
            data_sets.complete(dict(truth, images=truth["images"] * 2), "truth.json")
        del truth["images"][0]["height"]
        with self.assertRaisesRegex(data_sets.Refused, "has no 'height'"):
            data_sets.complete(truth, "truth.json")


class Results(InFolder):
    def ids(self, given, images):
        """The ids that results of these image_ids get; what is said is in self.said."""
        path, said = self.folder / "results.json", io.StringIO()
        path.write_text(json.dumps([{"image_id": name, "category_id": 3, "bbox": [0, 0, 9, 9], "score": 0.9} for name in given]))
        with contextlib.redirect_stderr(said):
            found = [result["image_id"] for result in data_sets.read_results(path, images)]
        self.said = said.getvalue()
        return found

    def test_numbers_are_ids_or_file_names_for_a_whole_file(self):
        images = images_of("000000.jpg", "000001.jpg", "000002.jpg")
        self.assertEqual(self.ids([1, 3, 2, 1], images), [1, 3, 2, 1])
        self.assertEqual(self.ids([0, 2, 1], images), [1, 3, 2])
        self.assertEqual(self.said, "")
        self.assertEqual(self.ids([1, 2], images), [1, 2])
        self.assertIn("taken as ids", self.said)
        self.assertEqual(self.ids([139, 285], images_of("val/000000000285.jpg", "val/000000000139.jpg", first=139)), [140, 139])

    def test_results_of_other_images_are_left_out_and_said(self):
        self.assertEqual(self.ids([1, 139, "b.jpg", "c.jpg"], images_of("000000000139.jpg", "b.jpg", first=7)), [7, 8])
        self.assertIn("of 2 images", self.said)
        with self.assertRaisesRegex(data_sets.Refused, "is of other images"):
            self.ids([5, "z.jpg", None], images_of("a.jpg", "b.jpg"))

    def test_names_with_folders_tell_images_apart(self):
        images = images_of("a/000001.jpg", "b/000001.jpg", "c/dog.jpg")
        self.assertEqual(self.ids(["a/000001.jpg", "/data/b/000001.jpg", "dog.jpg"], images), [1, 2, 3])
        self.assertEqual(self.ids([2, 1, 3], images), [2, 1, 3])
        for name in ("000001.jpg", "d/000001.jpg"):
            with self.assertRaisesRegex(data_sets.Refused, "may be a/000001.jpg or b/000001.jpg"):
                self.ids([name], images)
        with self.assertRaisesRegex(data_sets.Refused, "image_id 1 may be a/000001.jpg or b/000001.jpg"):
            self.ids([1], images_of("a/000001.jpg", "b/000001.jpg", first=7))
        with self.assertRaisesRegex(data_sets.Refused, "would both be c/dog.jpg"):
            self.ids(["c/dog.jpg", "e/dog.jpg"], images)

    def test_what_is_no_list_of_results_is_refused(self):
        path = self.folder / "results.json"
        for text, why in ((b"\xff\xfe", "is no JSON"), (b"{", "is no JSON"), (b"{}", "holds no list"),
                          (b'[{"image_id": 1}]', "has no 'category_id'"), (b"[1]", "has no 'image_id'")):
            path.write_bytes(text)
            with self.assertRaisesRegex(data_sets.Refused, why):
                data_sets.read_results(path, images_of("a.jpg"))


if __name__ == "__main__":
    unittest.main()
