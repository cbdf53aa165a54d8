# SPDX-License-Identifier: MIT
"""Run from media/: python3 -m unittest. bench/layer_rows.py, by which layers are named, grouped and added up in figures."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import layer_rows  # noqa: E402

RES4 = [f"backbone.bottom_up.res4.{block}.conv2" for block in range(23)]
CONV3 = {"in": 256, "out": 256, "second": 0, "height": 50, "width": 50, "kernel": 3, "stride": 1, "matrix": False, "counts": [8, 25],
         "names": [*RES4, "backbone.fpn_output4", "proposal_generator.rpn_head.conv.p4"], "gflop": 3,
         "pick": "F(4x4,3x3)", "gflops": {"direct": 100, "F(4x4,3x3)": 300, "OpenVINO": 120}}
HEADS = {"in": 256, "out": 3, "second": 12, "height": 100, "width": 100, "kernel": 1, "stride": 1, "matrix": False, "counts": [1, 1],
         "names": ["proposal_generator.rpn_head.objectness_logits.p3", "proposal_generator.rpn_head.anchor_deltas.p3"], "gflop": 1,
         "pick": "direct", "gflops": {"direct": 50, "oneDNN": 20, "OpenVINO": 25}}
FC1 = {"in": 12544, "out": 1024, "second": 0, "height": 1, "width": 1000, "kernel": 1, "stride": 1, "matrix": True, "counts": [1, 1],
       "names": ["roi_heads.box_head.fc1"], "gflop": 26, "pick": "direct", "gflops": {"direct": 104, "oneDNN": 100}}
SHORTCUT = CONV3 | {"kernel": 1, "stride": 2, "names": ["backbone.bottom_up.res3.0.shortcut"]}


class LayerRows(unittest.TestCase):
    def test_every_row_has_one_of_the_kinds(self):
        kinds = [layer_rows.kind_of(row) for row in (CONV3, SHORTCUT, HEADS, FC1)]
        self.assertEqual(kinds, ["3×3", "1×1, stride 2", "RPN predictors, together", "fully connected"])
        self.assertLessEqual(set(kinds), set(layer_rows.KINDS))

    def test_labels(self):
        self.assertEqual([layer_rows.label(row) for row in (CONV3, HEADS, FC1)],
                         ["256→256 50×50", "256→3+12 100×100", "12544→1024 1000 rows"])

    def test_nodes_of_one_part_are_named_once(self):
        self.assertEqual(layer_rows.roles(CONV3), ["res4 conv2", "FPN output", "RPN conv"])
        self.assertEqual([layer_rows.roles(row) for row in (SHORTCUT, HEADS, FC1)], [["res3 shortcut"], ["RPN p3"], ["fc1"]])
        self.assertEqual(layer_rows.role_of("backbone.bottom_up.stem.conv1"), "stem")
        self.assertEqual(layer_rows.role_of("backbone.fpn_lateral5"), "FPN lateral")

    def test_direct_is_the_library_s_where_ours_has_no_kernel_of_its_own(self):
        self.assertEqual([layer_rows.gflops_of(CONV3, name) for name in ("ours", "oneDNN", "OpenVINO", "PyTorch")], [300, 100, 120, None])
        self.assertEqual([layer_rows.gflops_of(HEADS, name) for name in ("ours", "oneDNN")], [50, 20])

    def test_a_network_s_time_counts_each_layer_as_often_as_it_has_it(self):
        rows = [CONV3, HEADS]
        self.assertEqual([layer_rows.work_of(rows, model) for model in (0, 1)], [25, 76])
        self.assertAlmostEqual(layer_rows.seconds_of(rows, "ours", 1), 25 * 3 / 300 + 1 / 50)
        self.assertIsNone(layer_rows.seconds_of([CONV3, FC1], "OpenVINO", 0))
