#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What launch/demo says in the end: frames per second, latencies and a line a class.

    demo_summary.py DETECTIONS.jsonl LATENCY.log MILLISECONDS

LATENCY.log is what GStreamer's tracer latency(flags=element) wrote; the element's time includes its wait for a place.
"""
import collections
import json
import os
import re
import statistics
import sys

STAGES = ("preprocess-resize-800", "neuron-backbone-rpn", "cpu-rpn-proposals", "roi-align", "neuron-box-head", "postprocess-overlay")
RECORD = re.compile(r"element-latency, .*element=\(string\)([a-z0-9-]+), .*time=\(guint64\)(\d+)")


def stage_of(name):
    """GStreamer names elements after their type: roialign0."""
    return next((stage for stage in STAGES if name.startswith(stage.replace("-", ""))), None)


def latencies(lines):
    """{stage: milliseconds of each frame}."""
    found = collections.defaultdict(list)
    for line in lines:
        record = RECORD.search(line)
        stage = record and stage_of(record[1])
        if stage:
            found[stage].append(int(record[2]) / 1e6)
    return found


def main(detections, log, milliseconds):
    frames = [json.loads(line) for line in open(detections)]
    seconds = int(milliseconds) / 1000
    print(f"{len(frames)} frames in {seconds:.1f} s: {len(frames) / seconds:.1f} frames per second on {os.cpu_count()} CPUs, decoding and encoding included")
    found = latencies(open(log, errors="replace"))
    print("latency, ms             median    95 %")
    for stage in STAGES:
        if len(found[stage]) > 1:
            print(f"  {stage:<21} {statistics.median(found[stage]):7.1f} {statistics.quantiles(found[stage], n=20)[-1]:7.1f}")
    objects = [(number, item) for number, frame in enumerate(frames) for item in frame["objects"]]
    print("class            objects  in frames  best score" if objects else "nothing was found with a score of 0.5 or more")
    for label, count in collections.Counter(item["label"] for _, item in objects).most_common():
        own = [(number, item["score"]) for number, item in objects if item["label"] == label]
        print(f"  {label:<13} {count:8} {len({number for number, _ in own}):10} {max(score for _, score in own):11.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
