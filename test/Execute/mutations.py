# SPDX-License-Identifier: Apache-2.0
"""Mutants of the collectives and transfers in a module of phase 6.

A collective's result, or the value a task receives, is dropped (the operand stands for
the result; zeros for a received value), doubled (reduced twice; twice the value) or
swapped with that of the neighbour on a mesh axis of size 2 (the sum of both minus the
own).
"""
import re

ALL_REDUCE = re.compile(
    r'^(?P<indent>\s*)(?P<result>%[\w$.-]+)(?P<count>:\d+)? = mpt\.all_reduce (?P<kind>\w+) '
    r'(?P<operands>%[^{]*?) over \[(?P<axes>[^\]]*)\](?P<rest> .*)$')
RECEIVED = re.compile(r'(?P<value>%[\w$.-]+): (?P<type>tensor<[^>]*>) \{mpt\.recv = @(?P<name>[^}\s,]+)')
ELEMENT_BYTES = {"f32": 4, "f64": 8, "i64": 8}


def functions(lines):
    """(name, first line, last line) of every task."""
    found, begin = [], None
    for i, line in enumerate(lines):
        match = re.match(r"\s*func\.func (?:private )?@([\w.]+)\(", line)
        if match:
            begin, name = i, match[1]
        elif begin is not None and re.match(r"\s*\}( loc.*)?$", line):
            found.append((name, begin, i))
            begin = None
    return found


def bytes_of(tensor):
    inner = re.match(r"tensor<([^>]*)>", tensor)[1].split("x")
    total = ELEMENT_BYTES[inner[-1]]
    for size in inner[:-1]:
        total *= int(size)
    return total


def replace(lines, value, new):
    """Every use of a value in the lines."""
    pattern = re.compile(re.escape(value) + r"(?![\w$.#-])" if "#" not in value else re.escape(value) + r"(?!\d)")
    return [pattern.sub(lambda _: new, line) for line in lines]


def swapped(indent, value, tensor, axis):
    """Lines that compute the neighbour's value, and its name."""
    return [f'{indent}%swap.sum = mpt.all_reduce sum {value} over ["{axis}"] {{bytes = {bytes_of(tensor)}}} : {tensor}',
            f"{indent}%swap.own = mpt.sub %swap.sum, {value} : {tensor}"], "%swap.own"


def types_of(rest):
    """The operand types of a printed collective."""
    text = re.sub(r" loc\(.*$", "", rest).rsplit(" : ", 1)[1].split(" -> ")[0]
    return re.findall(r"tensor<[^>]*>", text)


def mutate_reduce(lines, first, at, last, kind):
    match = ALL_REDUCE.match(lines[at])
    operands = [o.strip() for o in match["operands"].split(",")]
    single = not match["count"]
    results = [match["result"]] if single else [f"{match['result']}#{i}" for i in range(len(operands))]
    body, rest = lines[at + 1:last], []
    if kind == "drop":
        for result, operand in zip(results, operands):
            body = replace(body, result, operand)
        return lines[:at] + body + lines[last:]
    types = types_of(match["rest"])
    if kind == "double":
        axes, total = match["axes"], 0
        for i, (result, tensor) in enumerate(zip(results, types)):
            total = bytes_of(tensor)
            rest.append(f'{match["indent"]}%twice.{i} = mpt.all_reduce sum {result} over [{axes}] {{bytes = {total}}} : {tensor}')
            body = replace(body, result, f"%twice.{i}")
    else:
        axis = kind.split()[1]
        largest = max(range(len(types)), key=lambda i: bytes_of(types[i]))
        rest, new = swapped(match["indent"], results[largest], types[largest], axis)
        body = replace(body, results[largest], new)
    return lines[:at + 1] + rest + body + lines[last:]


def behind_bucket(lines, at, last, value):
    """A received value that goes straight into a bucket is one place in memory with its neighbours:
    its mutant is that of its sum. Where that is, and its name."""
    for i in range(at + 1, last):
        match = ALL_REDUCE.match(lines[i])
        operands = [o.strip() for o in match["operands"].split(",")] if match else []
        if value in operands and match["count"]:
            return i, f"{match['result']}#{operands.index(value)}"
    return at, value


def mutate_received(lines, first, at, last, kind, value, tensor):
    at, value = behind_bucket(lines, at, last, value)
    indent, body = "    ", lines[at + 1:last]
    if kind == "drop":
        element = tensor.rstrip(">").split("x")[-1].split("<")[-1]
        rest, new = [f"{indent}%none = mpt.constant {{value = 0.0 : {element}}} : {tensor}"], "%none"
    elif kind == "double":
        rest, new = [f"{indent}%twice = mpt.add {value}, {value} : {tensor}"], "%twice"
    else:
        rest, new = swapped(indent, value, tensor, kind.split()[1])
    return lines[:at + 1] + rest + replace(body, value, new) + lines[last:]


def sites(text):
    """All places of a module, with a label (kind, axes, task) each."""
    lines, found = text.split("\n"), []
    for name, first, last in functions(lines):
        for at in range(first, last):
            match = ALL_REDUCE.match(lines[at])
            if match:
                axes = match["axes"].replace('"', "").replace(" ", "")
                found.append((f"{name}: all_reduce {match['kind']} over {axes}", name, first, at, last, None))
            if at == first:
                for arg in RECEIVED.finditer(lines[at]):
                    found.append((f"{name}: received {arg['name']}", name, first, at, last, (arg["value"], arg["type"])))
    return lines, found


def mutants(text):
    """Yields (label, mutated text)."""
    lines, found = sites(text)
    for label, _, first, at, last, received in found:
        axis = "dp" if "over tp" in label or "received" in label else "tp"
        for kind in ("drop", "double", f"swap {axis}"):
            if received:
                new = mutate_received(lines, first, at, last, kind, *received)
            else:
                new = mutate_reduce(lines, first, at, last, kind)
            yield f"{kind}: {label}", "\n".join(new)
