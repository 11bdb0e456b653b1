# SPDX-License-Identifier: Apache-2.0
"""Prints a module of form 6: a chain of stages, one operation and one weight each.

chain.py --stages=4 --pp=2 --micro=2 [--place=0,1,0,1] [--inference] [--text=FILE] [--limit=BYTES]
"""
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--stages", type=int, default=2)
parser.add_argument("--pp", type=int, default=2)
parser.add_argument("--micro", type=int, default=2)
parser.add_argument("--place")
parser.add_argument("--name", default="1f1b")
parser.add_argument("--inference", action="store_true")
parser.add_argument("--text")
parser.add_argument("--limit", type=int)
args = parser.parse_args()
stages, train = args.stages, not args.inference
place = args.place or ",".join(str(s * args.pp // stages) for s in range(stages))
T = "tensor<4x4xf32>"
S = "tensor<f32>"


def function(stage, task, arguments, body, results):
    """arguments and results: (value, type, binding)."""
    takes = ", ".join(f"%{v}: {t} {{mpt.{b}}}" for v, t, b in arguments)
    gives = ", ".join(f"{t} {{mpt.{b}}}" for _, t, b in results)
    print(f"  func.func @s{stage}_{task}({takes}) -> ({gives}) {{")
    for line in body:
        print(f"    {line}")
    values = ", ".join(f"%{v}" for v, _, _ in results)
    print(f"    return {values} : {', '.join(t for _, t, _ in results)}\n  }}")


config = f'schedule = "{args.name}"'
if args.text:
    config += f', schedule_file = "{args.text.split("/")[-1]}"'
if args.limit is not None:
    config += f", device_memory = {args.limit} : i64"
text = ""
if args.text:
    with open(args.text) as file:
        text = ', text = "' + file.read().replace("\n", "\\n") + '"'
print(f"module attributes {{mpt.config = {{{config}}}}} {{")
print(f'  mpt.mesh <["pp"={args.pp}], time ["micro"={args.micro}]>' if args.pp > 1
      else f'  mpt.mesh <[], time ["micro"={args.micro}]>')
print(f'  mpt.schedule_header "{args.name}" {{tasks = "F B", stages = {stages} : i64, '
      f"micro = {args.micro} : i64, place = array<i64: {place}>{text}}}")
for s in range(stages):
    print(f'  mpt.state @w{s} : {T} {{role = "parameter", trainable}}')
for s in range(1, stages):
    print(f'  mpt.transfer @h{s} : {T} -> {T} {{mode = "move", task = "F", from = {s - 1} : i64, to = {s} : i64}}')
    if train:
        print(f'  mpt.transfer @dh{s} : {T} -> {T} {{mode = "move", task = "B", from = {s} : i64, to = {s - 1} : i64}}')
if train:
    among = ", ".join(map(str, range(stages)))
    print(f'  mpt.transfer @totals : {S} -> {S} {{mode = "sum", task = "NORM", among = array<i64: {among}>}}')
for s in range(stages):
    entry = ("x", T, f"recv = @h{s}" if s else 'input = "x"')
    out = ("y", T, f"send = @h{s + 1}" if s + 1 < stages else 'save = "y"' if train else 'output = "y"')
    weight = ("w", T, f"state = @w{s}")
    function(s, "F", [weight, entry], [f"%y = mpt.mul %x, %w : {T}"],
             [out] + ([("x", T, 'save = "x"')] if train else []))
    if not train:
        continue
    last = s + 1 == stages
    cotangent = ("d", T, 'save = "y"' if last else f"recv = @dh{s + 1}")
    back = [("e", T, f"send = @dh{s}")] if s else []
    function(s, "B", [weight, ("x", T, 'save = "x"'), cotangent, ("a", T, f"acc = @w{s}")],
             [f"%e = mpt.mul %d, %w : {T}", f"%g = mpt.mul %d, %x : {T}", f"%b = mpt.accumulate %a, %g : {T}"],
             back + [("b", T, f"acc = @w{s}")])
    function(s, "RS", [("a", T, f"acc = @w{s}")], [], [("a", T, f"grad = @w{s}")])
    function(s, "NORM", [("g", T, f"grad = @w{s}")], [f"%q = mpt.sum_squares %g : {T} -> {S}"],
             [("q", S, "send = @totals")])
    function(s, "OPT", [("t", S, "recv = @totals"), weight, ("g", T, f"grad = @w{s}")],
             [f"%v = mpt.sub %w, %g : {T}", f"%z = mpt.constant {{value = 0.0 : f32}} : {T}"],
             [("v", T, f"state = @w{s}"), ("z", T, f"acc = @w{s}"), ("t", S, 'metric = "grad_norm"')])
print("}")
