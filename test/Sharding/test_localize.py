# SPDX-License-Identifier: Apache-2.0
"""Localized functions, run on all ranks, equal the global ones: every reshard
between shardings of two axes, and each class of op for sizes 1..9 over 2..4 ranks.
Pads of operands hold NaN (integers: a large number), so that no op may see them.
Sums of a few f64 of size 1: tolerance 1e-12.
"""
import itertools
import os
import re
import subprocess

import numpy as np
import pytest

import interpret

BUILD = os.environ.get("MPT_BUILD", "build")
SEED = 7


def opt(text, *flags):
    tool = os.path.join(BUILD, "bin", "mpt-opt")
    run = subprocess.run([tool, "--mlir-print-op-generic", *flags], input=text, text=True, capture_output=True)
    assert run.returncode == 0, run.stderr
    return interpret.parse(run.stdout)


def local_parts(value, type, mesh, time, random):
    """A value's part on each rank: pads poisoned, partial sums random."""
    parts = []
    partial = [(k, a) for k, axes in type.partial.items() for a in axes if a not in time]
    for at in interpret.coordinates(mesh):
        part = value
        for dim, axes in enumerate(type.dims):
            part = cut(part, dim, axes, mesh, time, at)
        parts.append(part)
    for kind, axis in partial:
        ranks = interpret.coordinates(mesh)
        noise = random.standard_normal(parts[0].shape)
        for rank, at in enumerate(ranks):
            if kind == "sum":
                parts[rank] = parts[rank] / mesh[axis] + noise * (at[axis] - (mesh[axis] - 1) / 2)
            elif at[axis] != 1:
                parts[rank] = parts[rank] - np.abs(noise) * (1 if kind == "max" else -1)
    return parts


def cut(value, dim, axes, mesh, time, at):
    steps = int(np.prod([time[a] for a in axes if a in time], dtype=int))
    device = [a for a in axes if a not in time]
    pieces = []
    for piece in np.split(value, steps, dim):
        begin, extent, bound = interpret.block(piece.shape[dim], device, mesh, at)
        poison = 10**6 if value.dtype == np.int64 else np.nan
        shape = list(piece.shape)
        shape[dim] = bound
        block = np.full(shape, poison, value.dtype)
        index = [slice(None)] * value.ndim
        index[dim] = slice(0, extent)
        block[tuple(index)] = np.take(piece, range(begin, begin + extent), dim)
        pieces.append(block)
    return np.concatenate(pieces, dim)


def compare(value, type, parts, mesh, time, what):
    """Real positions of all parts, partial ones reduced, are those of the value."""
    ranks = interpret.coordinates(mesh)
    for kind, axes in type.partial.items():
        f = {"sum": np.sum, "max": np.max, "min": np.min}[kind]
        axes = [a for a in axes if a not in time]
        same = lambda a, b: all(a[n] == b[n] for n in mesh if n not in axes)
        parts = [f([p for p, b in zip(parts, ranks) if same(a, b)], axis=0) for a in ranks]
    for part, at in zip(parts, ranks):
        expected, real = value, np.ones(value.shape, bool)
        real = real.astype(float)
        for dim, axes in enumerate(type.dims):
            expected = cut(expected, dim, axes, mesh, time, at)
            real = cut(real, dim, axes, mesh, time, at)
        mask = real == 1
        np.testing.assert_allclose(part[mask], expected[mask], 1e-12, 1e-12, err_msg=what)


def check(text, mesh, values, time={}):
    random = np.random.default_rng(SEED)
    axes = ", ".join(f'"{a}"={n}' for a, n in mesh.items())
    times = ", ".join(f'"{a}"={n}' for a, n in (time or {"micro": 1}).items())
    module = f"mpt.mesh <[{axes}], time [{times}]>\n{text}"
    before = opt(module)
    after = opt(module, "--mpt-localize-tasks", "--mpt-verify-localize")
    for name, function in before.items():
        inputs = [values(function, t, random) for _, t in function.arguments]
        results = function.run_global(inputs)
        parts = [local_parts(v, t, mesh, time, random) for v, (_, t) in zip(inputs, function.arguments)]
        with np.errstate(all="ignore"):
            found = after[name].run_ranks(mesh, parts)
        types = [t for v in function.ops[-1].operands for t in [type_of(function, v)]]
        for value, type, part in zip(results, types, found):
            compare(np.asarray(value), type, [np.asarray(p) for p in part], mesh, time, f"{name}\n{text[:2000]}")


def type_of(function, value):
    for name, type in function.arguments:
        if name == value:
            return type
    return next(t for op in function.ops for r, t in zip(op.results, op.types) if r == value)


def normal(function, type, random):
    if type.element == "i64":
        # Rows of the first operand of take, classes of the logits.
        first = function.arguments[0][1]
        axis = 1 if function.name.startswith("loss") else 0
        return random.integers(0, first.shape[axis] if first.element != "i64" else 5, type.shape)
    return random.standard_normal(type.shape)


# Reshards ---------------------------------------------------------------------


def shardings(mesh):
    """All placements of two axes: nowhere, a dim (both orders), a partial sum."""
    (x, nx), (y, ny) = mesh.items()
    found = []
    for px, py in itertools.product(["", 0, 1, "sum"], repeat=2):
        for order in [(x, y), (y, x)] if px == py and px in (0, 1) else [(x, y)]:
            place = {x: px, y: py}
            dims = ["{%s}" % ",".join(f'"{a}"={mesh[a]}' for a in order if place[a] == d) for d in (0, 1)]
            partial = ",".join(f'"{a}"={mesh[a]}' for a in (x, y) if place[a] == "sum")
            tail = f", partial = [sum{{{partial}}}]" if partial else ""
            found.append(f"#mpt.s<[{', '.join(dims)}]{tail}>")
    return found


@pytest.mark.parametrize("shape", ["6x6", "7x5", "5x4", "1x7", "12x6"])
def test_every_reshard(shape):
    mesh = {"x": 2, "y": 3}
    text = ""
    for i, (a, b) in enumerate(itertools.product(shardings(mesh), repeat=2)):
        a, b = f"tensor<{shape}xf32, {a}>", f"tensor<{shape}xf32, {b}>"
        text += f"func.func @r{i}(%v: {a}) -> {b} {{\n%r = mpt.reshard %v : {a} -> {b}\nreturn %r : {b}\n}}\n"
    check(text, mesh, normal)


# Ops --------------------------------------------------------------------------

SIZES = [(n, k) for n in range(1, 10) for k in (2, 3, 4)]


def instance(text, suffix, **sizes):
    """The program with sizes for @NAME; names of types and functions get a suffix."""
    for name, value in sizes.items():
        text = text.replace(f"@{name}", str(value))
    return re.sub(r"([!@])(\w+)\b", rf"\1\2_{suffix}", text)


def per_size(text, axes='"x"={k}', mesh=None, sizes=SIZES, **kw):
    """One module per number of ranks, one function per size of the cut dim."""
    for k in sorted({k for _, k in sizes}):
        module = [instance(text, n, N=n, K=axes.format(k=k)) for n, m in sizes if m == k]
        check("".join(module), {"x": k, **(mesh or {})}, normal, **kw)


def test_contraction():
    per_size("""
!L = tensor<3x@Nxf32, #mpt.s<[{}, {@K}]>>
!R = tensor<@Nx2xf32, #mpt.s<[{@K}, {}]>>
!O = tensor<3x2xf32, #mpt.s<[{}, {}], partial = [sum{@K}]>>
!F = tensor<3x2xf32, #mpt.s<[{}, {}]>>
func.func @dot(%l: !L, %r: !R) -> !F {
  %e = mpt.exp %l : !L
  %o = mpt.dot_general %e, %r contract [1] x [0] : !L, !R -> !O
  %f = mpt.reshard %o : !O -> !F
  return %f : !F
}
""")


def test_reductions():
    per_size("""
!L = tensor<@Nx3xf32, #mpt.s<[{@K}, {}]>>
!I = tensor<@Nxi64, #mpt.s<[{@K}]>>
!S = tensor<3xf32, #mpt.s<[{}], partial = [sum{@K}]>>
!X = tensor<3xf32, #mpt.s<[{}], partial = [max{@K}]>>
!M = tensor<3xf32, #mpt.s<[{}], partial = [min{@K}]>>
!Q = tensor<f32, #mpt.s<[], partial = [sum{@K}]>>
!J = tensor<i64, #mpt.s<[], partial = [max{@K}]>>
!K = tensor<i64, #mpt.s<[], partial = [min{@K}]>>
func.func @reduce(%l: !L, %i: !I) -> (!S, !X, !M, !Q, !J, !K) {
  %s = mpt.reduce sum %l {axes = [0]} : !L -> !S
  %x = mpt.reduce max %l {axes = [0]} : !L -> !X
  %m = mpt.reduce min %l {axes = [0]} : !L -> !M
  %q = mpt.sum_squares %l : !L -> !Q
  %j = mpt.reduce max %i {axes = [0]} : !I -> !J
  %k = mpt.reduce min %i {axes = [0]} : !I -> !K
  return %s, %x, %m, %q, %j, %k : !S, !X, !M, !Q, !J, !K
}
""")


LOSS = """
!Z = tensor<@BATCHx@CLASSESxf32, #mpt.s<[{@DP}, {@TP}]>>
!L = tensor<@BATCHxi64, #mpt.s<[{@DP}]>>
!R = tensor<@BATCHxf32, #mpt.s<[{@DP}]>>
!S = tensor<f32, #mpt.s<[]>>
!P = tensor<f32, #mpt.s<[]@BOTH>>
!W = tensor<f32, #mpt.s<[]@OVER_D>>
!H = tensor<@BATCHx2xf32, #mpt.s<[{@DP}, {}]>>
!V = tensor<@CLASSESx2xf32, #mpt.s<[{@TP}, {}]>>
!Hp = tensor<@BATCHx2xf32, #mpt.s<[{@DP}, {}]@OVER_T>>
!Vp = tensor<@CLASSESx2xf32, #mpt.s<[{@TP}, {}]@OVER_D>>
func.func @loss(%z: !Z, %l: !L, %v: !V, %h: !H, %seed: !S) -> (!P, !R, !W, !Hp, !Vp) {
  %ls, %lse = mpt.cross_entropy %z, %l {ignore_index = 1} : !Z, !L -> !P, !R
  %w = mpt.label_weight %l {ignore_index = 1} : !L -> !W
  %dz = mpt.cross_entropy_grad %z, %l, %lse, %seed {ignore_index = 1} : !Z, !L, !R, !S -> !Z
  %dh = mpt.dot_general %dz, %v contract [1] x [0] : !Z, !V -> !Hp
  %dv = mpt.dot_general %dz, %h contract [0] x [0] : !Z, !H -> !Vp
  return %ls, %lse, %w, %dh, %dv : !P, !R, !W, !Hp, !Vp
}
"""


def loss(dp, tp, sizes):
    d = f'"dp"={dp}' if dp > 1 else ""
    t = f'"tp"={tp}' if tp > 1 else ""
    partial = lambda *axes: ", partial = [sum{%s}]" % ",".join(filter(None, axes)) if any(axes) else ""
    module = [
        instance(LOSS, f"{b}_{c}", BATCH=b, CLASSES=c, DP=d, TP=t, BOTH=partial(d, t), OVER_D=partial(d), OVER_T=partial(t))
        for b, c in sizes
    ]
    mesh = {a: n for a, n in (("dp", dp), ("tp", tp)) if n > 1}

    check("".join(module), mesh, normal)


def test_cross_entropy_classes():
    for k in (2, 3, 4):
        loss(1, k, [(5, n) for n in range(1, 10)])


def test_cross_entropy_batch():
    for k in (2, 3, 4):
        loss(k, 1, [(n, 5) for n in range(1, 10)])


def test_cross_entropy_batch_and_classes():
    loss(3, 4, [(64, 10)])
    for k in (2, 3, 4):
        loss(2, k, [(n, 10 - n) for n in range(1, 10)])


def test_labels_of_a_step():
    text = """
!L = tensor<@Nx2xi64, #mpt.s<[{"micro"=2,@K}, {}]>>
!W = tensor<f32, #mpt.s<[], partial = [sum{"micro"=2,@K}]>>
func.func @weight(%l: !L) -> !W {
  %w = mpt.label_weight %l {ignore_index = 1} : !L -> !W
  return %w : !W
}
"""
    per_size(text, sizes=[(2 * n, k) for n, k in SIZES], time={"micro": 2})


def test_rows():
    text = """
!T = tensor<@Nx2xf32, #mpt.s<[{@K}, {}]>>
!I = tensor<6xi64, #mpt.s<[{}]>>
!P = tensor<6x2xf32, #mpt.s<[{}, {}], partial = [sum{@K}]>>
!U = tensor<6x2xf32, #mpt.s<[{}, {}]>>
func.func @rows(%t: !T, %i: !I, %u: !U) -> (!P, !T) {
  %r = mpt.take %t, %i {axis = 0} : !T, !I -> !P
  %s = mpt.scatter_rows add %t, %i, %u {axis = 0} : !T, !I, !U -> !T
  return %r, %s : !P, !T
}
"""
    for axes, mesh in (('"x"={k}', {}), ('"x"={k},"y"=2', {"y": 2})):
        per_size(text, axes, mesh)


def test_tokens():
    per_size("""
!T = tensor<5x2xf32, #mpt.s<[{}, {}]>>
!Z = tensor<5x2xf32, #mpt.s<[{}, {}], partial = [sum{@K}]>>
!I = tensor<@Nxi64, #mpt.s<[{@K}]>>
!U = tensor<@Nx2xf32, #mpt.s<[{@K}, {}]>>
func.func @tokens(%t: !T, %i: !I, %u: !U) -> (!U, !Z) {
  %r = mpt.take %t, %i {axis = 0} : !T, !I -> !U
  %z = mpt.constant {value = 0.0 : f32} : !Z
  %s = mpt.scatter_rows add %z, %i, %u {axis = 0} : !Z, !I, !U -> !Z
  return %r, %s : !U, !Z
}
""")


def test_layer_norm_grad():
    per_size("""
!H = tensor<@Nx4xf32, #mpt.s<[{@K}, {}]>>
!R = tensor<@Nxf32, #mpt.s<[{@K}]>>
!V = tensor<4xf32, #mpt.s<[{}]>>
!Vp = tensor<4xf32, #mpt.s<[{}], partial = [sum{@K}]>>
func.func @norm(%x: !H, %m: !R, %r: !R, %g: !V, %dy: !H) -> (!H, !Vp, !Vp) {
  %dx, %ds, %db = mpt.layer_norm_grad %x, %m, %r, %g, %dy {axis = 1} : !H, !R, !R, !V, !H -> !H, !Vp, !Vp
  return %dx, %ds, %db : !H, !Vp, !Vp
}
""")


def test_shapes():
    per_size("""
!A = tensor<@Nxf32, #mpt.s<[{@K}]>>
!B = tensor<3x@Nxf32, #mpt.s<[{}, {@K}]>>
!C = tensor<2x@Nxf32, #mpt.s<[{}, {@K}]>>
!D = tensor<@Nx2xf32, #mpt.s<[{@K}, {}]>>
!E = tensor<1x@Nx2xf32, #mpt.s<[{}, {@K}, {}]>>
!I = tensor<3x@Nxi64, #mpt.s<[{}, {@K}]>>
func.func @shapes(%a: !A) -> (!B, !D, !E, !B, !I) {
  %b = mpt.broadcast %a {dims = [1]} : !A -> !B
  %c = mpt.slice %b {start = [1, 0], limit = [3, @N]} : !B -> !C
  %d = mpt.transpose %c {perm = [1, 0]} : !C -> !D
  %e = mpt.reshape %d : !D -> !E
  %i = mpt.iota {axis = 1} : () -> !B
  %j = mpt.iota {axis = 1} : () -> !I
  return %b, %d, %e, %i, %j : !B, !D, !E, !B, !I
}
""", sizes=[(n, k) for n, k in SIZES if n > 1])


def test_constants():
    text = """
!A = tensor<@Nxf32, #mpt.s<[{@K}]>>
func.func @constant() -> (!A, !A) {
  %a = mpt.constant {value = dense<[@ELEMENTS]> : tensor<@Nxf32>} : !A
  %b = mpt.constant {value = dense<3.0> : tensor<@Nxf32>} : !A
  return %a, %b : !A, !A
}
"""
    for n in range(1, 10):
        per_size(text.replace("@ELEMENTS", ", ".join(f"{i}.5" for i in range(n))), sizes=[(n, 3)])
