# SPDX-License-Identifier: Apache-2.0
"""Trains a small GPT on the licence texts of this machine, partitioned over four ranks.

The same model is trained on one rank; a picture shows both loss curves. Then an
--inference executable continues a line of text, one character at a time.
"""
import argparse
import os
import subprocess
import tempfile

import numpy as np

from mpt.check import read_losses
from mpt.demo import call, worst_difference

MESH, BATCH, SEQ, STEPS = "tp=2,pp=2", 16, 96, 1000
TEXTS = "/usr/share/common-licenses"
HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = os.path.join(HERE, "gpt.onnx")
PROMPT, LINES, TEMPERATURE = "You may distribute ", 4, 0.5


def ascii_text():
    """The licences, in the order of their names, as ASCII codes."""
    names = sorted(n for n in os.listdir(TEXTS) if not os.path.islink(os.path.join(TEXTS, n)))
    text = bytearray()
    for name in names:
        with open(os.path.join(TEXTS, name), "rb") as file:
            text += file.read()
    codes = np.frombuffer(bytes(text), np.uint8)
    return codes[codes < 128]


def write_batches(path, steps):
    """[steps, batch, seq] windows at random places, and the same one further as labels."""
    text = ascii_text()
    start = np.random.default_rng(0).integers(0, len(text) - SEQ - 1, (steps, BATCH, 1))
    windows = text[start + np.arange(SEQ + 1)].astype(np.int64)
    np.savez(path, ids=windows[..., :-1], labels=windows[..., 1:])
    return len(text)


def train(options, folder, data, mesh):
    """Compiles for the mesh and trains; the losses and the file of the weights."""
    name = mesh.replace(",", "-").replace("=", "") or "one-rank"
    program, log = os.path.join(folder, name), os.path.join(folder, name + "-log")
    call([options.mptc, MODEL, "-o", program, f"--bind=batch={BATCH}", "--loss=cross_entropy(logits,labels)",
          "--optimizer=adamw{betas=[0.9,0.95],weight_decay=0.1}", "--clip=1", "--microbatches=4", *([f"--mesh={mesh}"] if mesh else [])])
    weights = program + ".safetensors"
    call([program, f"--data={data}", f"--steps={options.steps}", "--lr=3e-3", "--warmup=20",
          "--lr-schedule=cosine", f"--save={weights}", f"--log={log}"])
    return read_losses(log, options.steps), weights


def draw(path, partitioned, single):
    """The picture of both curves."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    axes.plot(single, label="one rank", linewidth=4, color="tab:orange", alpha=0.5)
    axes.plot(partitioned, label=MESH, linewidth=1, color="tab:blue")
    axes.set(xlabel="step", ylabel="loss (nats per character)",
             title=f"a GPT on {MESH} and on one rank: worst relative difference "
                   f"{worst_difference(partitioned[:100], single[:100]):.1e} in the first 100 steps")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def continue_text(options, folder, weights, length):
    """The prompt and `length` characters after it, four times; each is drawn from the model's softmax."""
    program = os.path.join(folder, "predict")
    call([options.mptc, MODEL, "-o", program, "--inference", f"--bind=batch={LINES}"])
    data, outputs = os.path.join(folder, "prompt.npz"), os.path.join(folder, "logits.npz")
    rng, texts = np.random.default_rng(1), [list(PROMPT.encode()) for _ in range(LINES)]
    for _ in range(length):
        ids = np.zeros((1, LINES, SEQ), np.int64)
        for line, text in enumerate(texts):
            ids[0, line, :len(text[-SEQ:])] = text[-SEQ:]
        np.savez(data, ids=ids)
        subprocess.run([program, f"--data={data}", "--steps=1", f"--weights={weights}", f"--outputs={outputs}"],
                       check=True, stderr=subprocess.DEVNULL)
        with np.load(outputs) as arrays:
            logits = arrays["logits"].reshape(LINES, SEQ, -1)
        for line, text in enumerate(texts):
            scores = logits[line, min(len(text), SEQ) - 1].astype(np.float64) / TEMPERATURE
            chances = np.exp(scores - scores.max())
            text.append(int(rng.choice(len(chances), p=chances / chances.sum())))
    return [bytes(text).decode("ascii") for text in texts]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="mpt.demo gpt", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--mptc", default="mptc", help="path of the compiler")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--length", type=int, default=60, help="characters to generate")
    parser.add_argument("--picture", default="demo-loss.png", help="file of the loss curves")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="mpt-demo-") as folder:
        data = os.path.join(folder, "text.npz")
        print(f"{write_batches(data, options.steps)} characters of {TEXTS}")
        partitioned, weights = train(options, folder, data, MESH)
        single, _ = train(options, folder, data, "")
        print("", *map(repr, continue_text(options, folder, weights, options.length)), "", sep="\n")
        draw(options.picture, partitioned, single)
    print(f"loss {partitioned[0]:.3f} -> {partitioned[-1]:.3f} on {MESH}, {single[-1]:.3f} on one rank, worst relative "
          f"difference of the curves {worst_difference(partitioned[:100], single[:100]):.1e} in the first 100 steps "
          f"(rounding grows later), {worst_difference(partitioned, single):.1e} in all: {options.picture}")
    return 0
