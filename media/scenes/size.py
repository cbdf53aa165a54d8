# SPDX-License-Identifier: MIT
"""The sizes that commands are given."""
import argparse


def parse_size(text):
    """WIDTHxHEIGHT -> (width, height), for argparse."""
    sides = text.split("x")
    if len(sides) != 2 or not all(side.isascii() and side.isdigit() and 32 <= int(side) <= 4096 for side in sides):
        raise argparse.ArgumentTypeError(f"is {text!r}; expected WIDTHxHEIGHT, such as 800x800, with sides of 32 to 4096")
    return int(sides[0]), int(sides[1])
