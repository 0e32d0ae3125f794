"""How many pairs of predictions and annotations a second plain Python compares, as one would write it with the usual
libraries: rapidfuzz for texts, shapely for outlines, numpy for masks, sets for the rest.

    python compare.py TYPE SECONDS FILE

FILE holds the pairs as JSON. Prints pairs a second, and the sum of the similarities of all pairs.
"""

import json
import sys
import time
from math import hypot

import numpy as np
from rapidfuzz.distance import Levenshtein
from shapely import affinity
from shapely.geometry import Point, Polygon, box


def values(regions):
    return [region["value"] for region in regions]


def jaccard(a, b):
    return len(a & b) / len(a | b) if a or b else 1


def two_way(a, b, score):
    """The mean over the items of both sides of the best match on the other."""
    table = [[score(x, y) for y in b] for x in a]
    best = [max(row) for row in table] + [max(column) for column in zip(*table)]
    return sum(best) / len(best)


def choices(a, b):
    return jaccard(set(a[0]["choices"]), set(b[0]["choices"]))


def taxonomy(a, b):
    prefixes = lambda value: {tuple(path[: n + 1]) for path in value["taxonomy"] for n in range(len(path))}
    return jaccard(prefixes(a[0]), prefixes(b[0]))


def textarea(a, b):
    pairs = list(zip(a[0]["text"], b[0]["text"]))
    return sum(Levenshtein.normalized_similarity(x, y) for x, y in pairs) / len(pairs)


def labels(a, b):
    def overlap(x, y):
        if x["labels"] != y["labels"]:
            return 0
        common = max(0, min(x["end"], y["end"]) - max(x["start"], y["start"]))
        return common / (x["end"] - x["start"] + y["end"] - y["start"] - common)

    return two_way(a, b, overlap)


def outlines(kind, outline):
    def overlap(x, y):
        if x[0] != y[0]:
            return 0
        common = x[1].intersection(y[1]).area
        return common / (x[1].area + y[1].area - common) if common else 0

    def compare(a, b):
        a, b = ([(value[kind], outline(value)) for value in side] for side in (a, b))
        return two_way(a, b, overlap)

    return compare


def turned(shape, value):
    pixels = affinity.scale(shape, 6.4, 4.8, origin=(0, 0))
    return affinity.rotate(pixels, value["rotation"], origin=(value["x"] * 6.4, value["y"] * 4.8))


def rectangle(value):
    x, y = value["x"], value["y"]
    return turned(box(x, y, x + value["width"], y + value["height"]), value)


def ellipse(value):
    circle = Point(0, 0).buffer(1, quad_segs=90)
    scaled = affinity.scale(circle, value["radiusX"], value["radiusY"], origin=(0, 0))
    return turned(affinity.translate(scaled, value["x"], value["y"]), value)


def keypointlabels(a, b):
    near = sorted(
        (hypot(x["x"] - y["x"], x["y"] - y["y"]), i, j)
        for i, x in enumerate(a)
        for j, y in enumerate(b)
        if x["keypointlabels"] == y["keypointlabels"]
    )
    left, right = set(), set()
    for distance, i, j in near:
        if distance <= 1 and i not in left and j not in right:
            left.add(i)
            right.add(j)
    return (len(left) + len(right)) / (len(a) + len(b))


def mask(data):
    """The painted pixels of the editor's run-length form: records of a repeated value, or of single ones."""
    bits = "".join(f"{byte:08b}" for byte in data)
    count, word = int(bits[:32], 2), int(bits[32:37], 2) + 1
    sizes = [int(bits[at : at + 4], 2) + 1 for at in (37, 41, 45, 49)]
    pixels = np.zeros(count, np.uint8)
    at, position = 0, 53
    while at < count:
        repeated = bits[position] == "1"
        size = sizes[int(bits[position + 1 : position + 3], 2)]
        position += 3
        length = int(bits[position : position + size], 2) + 1
        position += size
        if repeated:
            pixels[at : at + length] = int(bits[position : position + word], 2)
            position += word
        else:
            for index in range(length):
                pixels[at + index] = int(bits[position : position + word], 2)
                position += word
        at += length
    return pixels[3::4] > 0


def brushlabels(a, b):
    a, b = mask(a[0]["rle"]), mask(b[0]["rle"])
    return (a & b).sum() / (a | b).sum()


COMPARE = {
    "choices": choices,
    "taxonomy": taxonomy,
    "textarea": textarea,
    "labels": labels,
    "rectanglelabels": outlines("rectanglelabels", rectangle),
    "ellipselabels": outlines("ellipselabels", ellipse),
    "polygonlabels": outlines("polygonlabels", lambda value: Polygon(value["points"])),
    "keypointlabels": keypointlabels,
    "brushlabels": brushlabels,
}


def main(kind, seconds, path):
    with open(path) as file:
        pairs = [(values(pair["prediction"]), values(pair["annotation"])) for pair in json.load(file)]
    compare = COMPARE[kind]
    similarity = sum(float(compare(a, b)) for a, b in pairs)
    began, compared = time.perf_counter(), 0
    while time.perf_counter() - began < float(seconds):
        for a, b in pairs:
            compare(a, b)
        compared += len(pairs)
    print(json.dumps({"rate": compared / (time.perf_counter() - began), "similarity": similarity}))


main(*sys.argv[1:])
