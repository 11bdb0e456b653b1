// Every gradient against central differences of the program it belongs to, in
// float64 (see check_gradients.py). Each module joins the results of one family of
// ops into one output, and its distance from a random target is the loss, so that
// all cotangents differ.
// RUN: mpt-opt %s --split-input-file --mpt-differentiate --mlir-print-op-generic -o %t
// RUN: %python %S/check_gradients.py < %t | FileCheck %s
// The check sees a single wrong adjoint:
// RUN: sed '/adjoint_of/s/"mpt.rsqrt"/"mpt.sqrt"/' %t | not %python %S/check_gradients.py
// RUN: sed '/adjoint_of/s/"gt"/"lt"/' %t | not %python %S/check_gradients.py

// CHECK: unary: {{[0-9]+}} ops, worst deviation
module @unary attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd", precision = "f64"}} {
  mpt.state @x : tensor<4xf64> {role = "parameter", trainable}
  func.func @predict() -> (tensor<108xf64> {mpt.output = "y"}) {
    %x = mpt.read @x : tensor<4xf64>
    %neg = mpt.neg %x {id = 0} : tensor<4xf64>
    %abs = mpt.abs %x {id = 1} : tensor<4xf64>
    %exp = mpt.exp %x {id = 2} : tensor<4xf64>
    %expm1 = mpt.expm1 %x {id = 3} : tensor<4xf64>
    %log = mpt.log %x {id = 4} : tensor<4xf64>
    %log1p = mpt.log1p %x {id = 5} : tensor<4xf64>
    %sqrt = mpt.sqrt %x {id = 6} : tensor<4xf64>
    %rsqrt = mpt.rsqrt %x {id = 7} : tensor<4xf64>
    %sin = mpt.sin %x {id = 8} : tensor<4xf64>
    %cos = mpt.cos %x {id = 9} : tensor<4xf64>
    %tan = mpt.tan %x {id = 10} : tensor<4xf64>
    %asin = mpt.asin %x {id = 11} : tensor<4xf64>
    %acos = mpt.acos %x {id = 12} : tensor<4xf64>
    %atan = mpt.atan %x {id = 13} : tensor<4xf64>
    %sinh = mpt.sinh %x {id = 14} : tensor<4xf64>
    %cosh = mpt.cosh %x {id = 15} : tensor<4xf64>
    %asinh = mpt.asinh %x {id = 16} : tensor<4xf64>
    %atanh = mpt.atanh %x {id = 17} : tensor<4xf64>
    %tanh = mpt.tanh %x {id = 18} : tensor<4xf64>
    %logistic = mpt.logistic %x {id = 19} : tensor<4xf64>
    %erf = mpt.erf %x {id = 20} : tensor<4xf64>
    %one = mpt.constant {id = 21, value = 1.0 : f64} : tensor<4xf64>
    %above = mpt.add %x, %one {id = 22} : tensor<4xf64>
    %acosh = mpt.acosh %above {id = 23} : tensor<4xf64>
    %below = mpt.sub %x, %one {id = 24} : tensor<4xf64>
    %negabs = mpt.abs %below {id = 25} : tensor<4xf64>
    %sign = mpt.sign %x {id = 26} : tensor<4xf64>
    %floor = mpt.floor %x {id = 27} : tensor<4xf64>
    %ceil = mpt.ceil %x {id = 28} : tensor<4xf64>
    %round_even = mpt.round_even %x {id = 29} : tensor<4xf64>
    %scaled0 = mpt.mul %sign, %x {id = 30} : tensor<4xf64>
    %scaled1 = mpt.mul %floor, %x {id = 31} : tensor<4xf64>
    %scaled2 = mpt.mul %ceil, %x {id = 32} : tensor<4xf64>
    %scaled3 = mpt.mul %round_even, %x {id = 33} : tensor<4xf64>
    %y = mpt.concat %neg, %abs, %exp, %expm1, %log, %log1p, %sqrt, %rsqrt, %sin, %cos, %tan, %asin, %acos, %atan, %sinh, %cosh, %asinh, %atanh, %tanh, %logistic, %erf, %acosh, %negabs, %scaled0, %scaled1, %scaled2, %scaled3 {id = 34, axis = 0} : tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64> -> tensor<108xf64>
    return %y : tensor<108xf64>
  }
}
// -----

// CHECK: binary: {{[0-9]+}} ops, worst deviation
module @binary attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd", precision = "f64"}} {
  mpt.state @a : tensor<4xf64> {role = "parameter", trainable}
  mpt.state @b : tensor<4xf64> {role = "parameter", trainable}
  func.func @predict() -> (tensor<56xf64> {mpt.output = "y"}) {
    %a = mpt.read @a : tensor<4xf64>
    %b = mpt.read @b : tensor<4xf64>
    %add = mpt.add %a, %b {id = 0} : tensor<4xf64>
    %sub = mpt.sub %a, %b {id = 1} : tensor<4xf64>
    %mul = mpt.mul %a, %b {id = 2} : tensor<4xf64>
    %div = mpt.div %a, %b {id = 3} : tensor<4xf64>
    %rem = mpt.rem %a, %b {id = 4} : tensor<4xf64>
    %pow = mpt.pow %a, %b {id = 5} : tensor<4xf64>
    %max = mpt.max %a, %b {id = 6} : tensor<4xf64>
    %min = mpt.min %a, %b {id = 7} : tensor<4xf64>
    %less = mpt.compare lt %a, %b {id = 8} : tensor<4xf64>, tensor<4xf64> -> tensor<4xi1>
    %selected = mpt.select %less, %a, %b {id = 9} : tensor<4xi1>, tensor<4xf64>, tensor<4xf64> -> tensor<4xf64>
    %square = mpt.mul %a, %a {id = 10} : tensor<4xf64>
    %three = mpt.constant {id = 11, value = 3.0 : f64} : tensor<4xf64>
    %far = mpt.mul %a, %three {id = 12} : tensor<4xf64>
    %remainder = mpt.rem %far, %b {id = 13} : tensor<4xf64>
    %powered = mpt.pow %a, %three {id = 14} : tensor<4xf64>
    %sum = mpt.sum %a, %b, %a {id = 15} : tensor<4xf64>
    %single = mpt.convert %a {id = 16} : tensor<4xf64> -> tensor<4xf64>
    %y = mpt.concat %add, %sub, %mul, %div, %rem, %pow, %max, %min, %selected, %square, %remainder, %powered, %sum, %single {id = 17, axis = 0} : tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64> -> tensor<56xf64>
    return %y : tensor<56xf64>
  }
}
// -----

// CHECK: contraction: {{[0-9]+}} ops, worst deviation
module @contraction attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd", precision = "f64"}} {
  mpt.state @l0 : tensor<3x4xf64> {role = "parameter", trainable}
  mpt.state @r0 : tensor<4x5xf64> {role = "parameter", trainable}
  mpt.state @l1 : tensor<3x4xf64> {role = "parameter", trainable}
  mpt.state @r1 : tensor<5x4xf64> {role = "parameter", trainable}
  mpt.state @l2 : tensor<4x3xf64> {role = "parameter", trainable}
  mpt.state @r2 : tensor<4x5xf64> {role = "parameter", trainable}
  mpt.state @l3 : tensor<4x3xf64> {role = "parameter", trainable}
  mpt.state @r3 : tensor<5x4xf64> {role = "parameter", trainable}
  mpt.state @l4 : tensor<2x3x4xf64> {role = "parameter", trainable}
  mpt.state @r4 : tensor<2x4x5xf64> {role = "parameter", trainable}
  mpt.state @l5 : tensor<3x2x4xf64> {role = "parameter", trainable}
  mpt.state @r5 : tensor<4x5x2xf64> {role = "parameter", trainable}
  mpt.state @l6 : tensor<2x3x4x2xf64> {role = "parameter", trainable}
  mpt.state @r6 : tensor<2x2x4x3xf64> {role = "parameter", trainable}
  mpt.state @l7 : tensor<2x3x4xf64> {role = "parameter", trainable}
  mpt.state @r7 : tensor<4x3x2xf64> {role = "parameter", trainable}
  mpt.state @l8 : tensor<3x4x2xf64> {role = "parameter", trainable}
  mpt.state @r8 : tensor<3x2x4xf64> {role = "parameter", trainable}
  mpt.state @l9 : tensor<2x3x4xf64> {role = "parameter", trainable}
  mpt.state @r9 : tensor<4x5xf64> {role = "parameter", trainable}
  func.func @predict() -> (tensor<193xf64> {mpt.output = "y"}) {
    %l0 = mpt.read @l0 : tensor<3x4xf64>
    %r0 = mpt.read @r0 : tensor<4x5xf64>
    %l1 = mpt.read @l1 : tensor<3x4xf64>
    %r1 = mpt.read @r1 : tensor<5x4xf64>
    %l2 = mpt.read @l2 : tensor<4x3xf64>
    %r2 = mpt.read @r2 : tensor<4x5xf64>
    %l3 = mpt.read @l3 : tensor<4x3xf64>
    %r3 = mpt.read @r3 : tensor<5x4xf64>
    %l4 = mpt.read @l4 : tensor<2x3x4xf64>
    %r4 = mpt.read @r4 : tensor<2x4x5xf64>
    %l5 = mpt.read @l5 : tensor<3x2x4xf64>
    %r5 = mpt.read @r5 : tensor<4x5x2xf64>
    %l6 = mpt.read @l6 : tensor<2x3x4x2xf64>
    %r6 = mpt.read @r6 : tensor<2x2x4x3xf64>
    %l7 = mpt.read @l7 : tensor<2x3x4xf64>
    %r7 = mpt.read @r7 : tensor<4x3x2xf64>
    %l8 = mpt.read @l8 : tensor<3x4x2xf64>
    %r8 = mpt.read @r8 : tensor<3x2x4xf64>
    %l9 = mpt.read @l9 : tensor<2x3x4xf64>
    %r9 = mpt.read @r9 : tensor<4x5xf64>
    %d0 = mpt.dot_general %l0, %r0 contract [1] x [0] {id = 0} : tensor<3x4xf64>, tensor<4x5xf64> -> tensor<3x5xf64>
    %f0 = mpt.reshape %d0 {id = 1} : tensor<3x5xf64> -> tensor<15xf64>
    %d1 = mpt.dot_general %l1, %r1 contract [1] x [1] {id = 2} : tensor<3x4xf64>, tensor<5x4xf64> -> tensor<3x5xf64>
    %f1 = mpt.reshape %d1 {id = 3} : tensor<3x5xf64> -> tensor<15xf64>
    %d2 = mpt.dot_general %l2, %r2 contract [0] x [0] {id = 4} : tensor<4x3xf64>, tensor<4x5xf64> -> tensor<3x5xf64>
    %f2 = mpt.reshape %d2 {id = 5} : tensor<3x5xf64> -> tensor<15xf64>
    %d3 = mpt.dot_general %l3, %r3 contract [0] x [1] {id = 6} : tensor<4x3xf64>, tensor<5x4xf64> -> tensor<3x5xf64>
    %f3 = mpt.reshape %d3 {id = 7} : tensor<3x5xf64> -> tensor<15xf64>
    %d4 = mpt.dot_general %l4, %r4 batch [0] x [0] contract [2] x [1] {id = 8} : tensor<2x3x4xf64>, tensor<2x4x5xf64> -> tensor<2x3x5xf64>
    %f4 = mpt.reshape %d4 {id = 9} : tensor<2x3x5xf64> -> tensor<30xf64>
    %d5 = mpt.dot_general %l5, %r5 batch [1] x [2] contract [2] x [0] {id = 10} : tensor<3x2x4xf64>, tensor<4x5x2xf64> -> tensor<2x3x5xf64>
    %f5 = mpt.reshape %d5 {id = 11} : tensor<2x3x5xf64> -> tensor<30xf64>
    %d6 = mpt.dot_general %l6, %r6 batch [0, 3] x [1, 0] contract [2] x [2] {id = 12} : tensor<2x3x4x2xf64>, tensor<2x2x4x3xf64> -> tensor<2x2x3x3xf64>
    %f6 = mpt.reshape %d6 {id = 13} : tensor<2x2x3x3xf64> -> tensor<36xf64>
    %d7 = mpt.dot_general %l7, %r7 contract [1, 2] x [1, 0] {id = 14} : tensor<2x3x4xf64>, tensor<4x3x2xf64> -> tensor<2x2xf64>
    %f7 = mpt.reshape %d7 {id = 15} : tensor<2x2xf64> -> tensor<4xf64>
    %d8 = mpt.dot_general %l8, %r8 batch [0] x [0] contract [1, 2] x [2, 1] {id = 16} : tensor<3x4x2xf64>, tensor<3x2x4xf64> -> tensor<3xf64>
    %f8 = mpt.reshape %d8 {id = 17} : tensor<3xf64> -> tensor<3xf64>
    %d9 = mpt.dot_general %l9, %r9 contract [2] x [0] {id = 18} : tensor<2x3x4xf64>, tensor<4x5xf64> -> tensor<2x3x5xf64>
    %f9 = mpt.reshape %d9 {id = 19} : tensor<2x3x5xf64> -> tensor<30xf64>
    %y = mpt.concat %f0, %f1, %f2, %f3, %f4, %f5, %f6, %f7, %f8, %f9 {id = 20, axis = 0} : tensor<15xf64>, tensor<15xf64>, tensor<15xf64>, tensor<15xf64>, tensor<30xf64>, tensor<30xf64>, tensor<36xf64>, tensor<4xf64>, tensor<3xf64>, tensor<30xf64> -> tensor<193xf64>
    return %y : tensor<193xf64>
  }
}
// -----

// CHECK: reduction: {{[0-9]+}} ops, worst deviation
module @reduction attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd", precision = "f64"}} {
  mpt.state @x : tensor<2x3x4xf64> {role = "parameter", trainable}
  mpt.state @m : tensor<3x3xf64> {role = "parameter", trainable}
  func.func @predict() -> (tensor<49xf64> {mpt.output = "y"}) {
    %x = mpt.read @x : tensor<2x3x4xf64>
    %m = mpt.read @m : tensor<3x3xf64>
    %sum0 = mpt.reduce sum %x {id = 0, axes = [0, 2]} : tensor<2x3x4xf64> -> tensor<3xf64>
    %flat.sum0 = mpt.reshape %sum0 {id = 1} : tensor<3xf64> -> tensor<3xf64>
    %sum1 = mpt.reduce sum %x {id = 2, axes = [1]} : tensor<2x3x4xf64> -> tensor<2x4xf64>
    %flat.sum1 = mpt.reshape %sum1 {id = 3} : tensor<2x4xf64> -> tensor<8xf64>
    %max0 = mpt.reduce max %x {id = 4, axes = [0, 2]} : tensor<2x3x4xf64> -> tensor<3xf64>
    %flat.max0 = mpt.reshape %max0 {id = 5} : tensor<3xf64> -> tensor<3xf64>
    %max1 = mpt.reduce max %x {id = 6, axes = [1]} : tensor<2x3x4xf64> -> tensor<2x4xf64>
    %flat.max1 = mpt.reshape %max1 {id = 7} : tensor<2x4xf64> -> tensor<8xf64>
    %min0 = mpt.reduce min %x {id = 8, axes = [0, 2]} : tensor<2x3x4xf64> -> tensor<3xf64>
    %flat.min0 = mpt.reshape %min0 {id = 9} : tensor<3xf64> -> tensor<3xf64>
    %min1 = mpt.reduce min %x {id = 10, axes = [1]} : tensor<2x3x4xf64> -> tensor<2x4xf64>
    %flat.min1 = mpt.reshape %min1 {id = 11} : tensor<2x4xf64> -> tensor<8xf64>
    %prod0 = mpt.reduce prod %x {id = 12, axes = [0, 2]} : tensor<2x3x4xf64> -> tensor<3xf64>
    %flat.prod0 = mpt.reshape %prod0 {id = 13} : tensor<3xf64> -> tensor<3xf64>
    %prod1 = mpt.reduce prod %x {id = 14, axes = [1]} : tensor<2x3x4xf64> -> tensor<2x4xf64>
    %flat.prod1 = mpt.reshape %prod1 {id = 15} : tensor<2x4xf64> -> tensor<8xf64>
    %mask = mpt.constant {id = 16, value = dense<[[1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]> : tensor<3x3xf64>} : tensor<3x3xf64>
    %masked = mpt.mul %m, %mask {id = 17} : tensor<3x3xf64>
    %one = mpt.constant {id = 18, value = 0.5 : f64} : tensor<3x3xf64>
    %shift = mpt.sub %m, %one {id = 19} : tensor<3x3xf64>
    %prods = mpt.reduce prod %masked {id = 20, axes = [1]} : tensor<3x3xf64> -> tensor<3xf64>
    %flat.prods = mpt.reshape %prods {id = 21} : tensor<3xf64> -> tensor<3xf64>
    %signed = mpt.reduce prod %shift {id = 22, axes = [0, 1]} : tensor<3x3xf64> -> tensor<f64>
    %whole = mpt.broadcast %signed {id = 23, dims = []} : tensor<f64> -> tensor<2xf64>
    %flat.whole = mpt.reshape %whole {id = 24} : tensor<2xf64> -> tensor<2xf64>
    %y = mpt.concat %flat.sum0, %flat.sum1, %flat.max0, %flat.max1, %flat.min0, %flat.min1, %flat.prod0, %flat.prod1, %flat.prods, %flat.whole {id = 25, axis = 0} : tensor<3xf64>, tensor<8xf64>, tensor<3xf64>, tensor<8xf64>, tensor<3xf64>, tensor<8xf64>, tensor<3xf64>, tensor<8xf64>, tensor<3xf64>, tensor<2xf64> -> tensor<49xf64>
    return %y : tensor<49xf64>
  }
}
// -----

// CHECK: shape: {{[0-9]+}} ops, worst deviation
module @shape attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd", precision = "f64"}} {
  mpt.state @x : tensor<2x3x4xf64> {role = "parameter", trainable}
  mpt.state @z : tensor<2x1x4xf64> {role = "parameter", trainable}
  func.func @predict() -> (tensor<507xf64> {mpt.output = "y"}) {
    %x = mpt.read @x : tensor<2x3x4xf64>
    %z = mpt.read @z : tensor<2x1x4xf64>
    %b0 = mpt.broadcast %x {id = 0, dims = [1, 2, 4]} : tensor<2x3x4xf64> -> tensor<2x2x3x2x4xf64>
    %flat.b0 = mpt.reshape %b0 {id = 1} : tensor<2x2x3x2x4xf64> -> tensor<96xf64>
    %same = mpt.broadcast %x {id = 2, dims = [0, 1, 2]} : tensor<2x3x4xf64> -> tensor<2x3x4xf64>
    %flat.same = mpt.reshape %same {id = 3} : tensor<2x3x4xf64> -> tensor<24xf64>
    %tr = mpt.transpose %x {id = 4, perm = [2, 0, 1]} : tensor<2x3x4xf64> -> tensor<4x2x3xf64>
    %flat.tr = mpt.reshape %tr {id = 5} : tensor<4x2x3xf64> -> tensor<24xf64>
    %re = mpt.reshape %x {id = 6} : tensor<2x3x4xf64> -> tensor<6x4xf64>
    %flat.re = mpt.reshape %re {id = 7} : tensor<6x4xf64> -> tensor<24xf64>
    %sl = mpt.slice %x {id = 8, start = [0, 1, 0], limit = [1, 3, 4], stride = [1, 1, 3]} : tensor<2x3x4xf64> -> tensor<1x2x2xf64>
    %flat.sl = mpt.reshape %sl {id = 9} : tensor<1x2x2xf64> -> tensor<4xf64>
    %pa = mpt.pad %x {id = 10, value = 0.5 : f64, lo = [1, 0, 2], hi = [0, 2, 1], interior = [0, 1, 0]} : tensor<2x3x4xf64> -> tensor<3x7x7xf64>
    %flat.pa = mpt.reshape %pa {id = 11} : tensor<3x7x7xf64> -> tensor<147xf64>
    %cut = mpt.pad %x {id = 12, value = 0.5 : f64, lo = [0, -1, 1], hi = [1, 0, -2], interior = [0, 1, 2]} : tensor<2x3x4xf64> -> tensor<3x4x9xf64>
    %flat.cut = mpt.reshape %cut {id = 13} : tensor<3x4x9xf64> -> tensor<108xf64>
    %rev = mpt.reverse %x {id = 14, axes = [0, 2]} : tensor<2x3x4xf64> -> tensor<2x3x4xf64>
    %flat.rev = mpt.reshape %rev {id = 15} : tensor<2x3x4xf64> -> tensor<24xf64>
    %co = mpt.concat %x, %z, %x {id = 16, axis = 1} : tensor<2x3x4xf64>, tensor<2x1x4xf64>, tensor<2x3x4xf64> -> tensor<2x7x4xf64>
    %flat.co = mpt.reshape %co {id = 17} : tensor<2x7x4xf64> -> tensor<56xf64>
    %y = mpt.concat %flat.b0, %flat.same, %flat.tr, %flat.re, %flat.sl, %flat.pa, %flat.cut, %flat.rev, %flat.co {id = 18, axis = 0} : tensor<96xf64>, tensor<24xf64>, tensor<24xf64>, tensor<24xf64>, tensor<4xf64>, tensor<147xf64>, tensor<108xf64>, tensor<24xf64>, tensor<56xf64> -> tensor<507xf64>
    return %y : tensor<507xf64>
  }
}
// -----

// CHECK: indexing: {{[0-9]+}} ops, worst deviation
module @indexing attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd", precision = "f64"}} {
  mpt.state @e : tensor<3x4xf64> {role = "parameter", trainable}
  mpt.state @g : tensor<2x3x2xf64> {role = "parameter", trainable}
  mpt.state @u : tensor<2x3x4xf64> {role = "parameter", trainable}
  func.func @predict(%i: tensor<2x3xi64> {mpt.input = "i"}) -> (tensor<60xf64> {mpt.output = "y"}) {
    %e = mpt.read @e : tensor<3x4xf64>
    %g = mpt.read @g : tensor<2x3x2xf64>
    %u = mpt.read @u : tensor<2x3x4xf64>
    %rows = mpt.take %e, %i {id = 0, axis = 0} : tensor<3x4xf64>, tensor<2x3xi64> -> tensor<2x3x4xf64>
    %flat.rows = mpt.reshape %rows {id = 1} : tensor<2x3x4xf64> -> tensor<24xf64>
    %cols = mpt.take %g, %i {id = 2, axis = 1} : tensor<2x3x2xf64>, tensor<2x3xi64> -> tensor<2x2x3x2xf64>
    %flat.cols = mpt.reshape %cols {id = 3} : tensor<2x2x3x2xf64> -> tensor<24xf64>
    %added = mpt.scatter_rows add %e, %i, %u {id = 4, axis = 0} : tensor<3x4xf64>, tensor<2x3xi64>, tensor<2x3x4xf64> -> tensor<3x4xf64>
    %flat.added = mpt.reshape %added {id = 5} : tensor<3x4xf64> -> tensor<12xf64>
    %y = mpt.concat %flat.rows, %flat.cols, %flat.added {id = 6, axis = 0} : tensor<24xf64>, tensor<24xf64>, tensor<12xf64> -> tensor<60xf64>
    return %y : tensor<60xf64>
  }
}
// -----

// CHECK: neural: {{[0-9]+}} ops, worst deviation
module @neural attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd", precision = "f64"}} {
  mpt.state @x : tensor<2x3x4xf64> {role = "parameter", trainable}
  mpt.state @s : tensor<3x4xf64> {role = "parameter", trainable}
  mpt.state @b : tensor<3x4xf64> {role = "parameter", trainable}
  mpt.state @r : tensor<4xf64> {role = "parameter", trainable}
  func.func @predict() -> (tensor<144xf64> {mpt.output = "y"}) {
    %x = mpt.read @x : tensor<2x3x4xf64>
    %s = mpt.read @s : tensor<3x4xf64>
    %b = mpt.read @b : tensor<3x4xf64>
    %r = mpt.read @r : tensor<4xf64>
    %gelu.erf = mpt.gelu %x {id = 0, approx = "none"} : tensor<2x3x4xf64>
    %flat.gelu.erf = mpt.reshape %gelu.erf {id = 1} : tensor<2x3x4xf64> -> tensor<24xf64>
    %gelu.tanh = mpt.gelu %x {id = 2, approx = "tanh"} : tensor<2x3x4xf64>
    %flat.gelu.tanh = mpt.reshape %gelu.tanh {id = 3} : tensor<2x3x4xf64> -> tensor<24xf64>
    %soft = mpt.softmax %x {id = 4, axis = 1} : tensor<2x3x4xf64> -> tensor<2x3x4xf64>
    %flat.soft = mpt.reshape %soft {id = 5} : tensor<2x3x4xf64> -> tensor<24xf64>
    %logsoft = mpt.log_softmax %x {id = 6, axis = 2} : tensor<2x3x4xf64> -> tensor<2x3x4xf64>
    %flat.logsoft = mpt.reshape %logsoft {id = 7} : tensor<2x3x4xf64> -> tensor<24xf64>
    %ln, %mean, %rstd = mpt.layer_norm %x, %s, %b {id = 8, axis = 1, eps = 1.0e-3} : tensor<2x3x4xf64>, tensor<3x4xf64>, tensor<3x4xf64> -> tensor<2x3x4xf64>, tensor<2xf64>, tensor<2xf64>
    %flat.ln = mpt.reshape %ln {id = 9} : tensor<2x3x4xf64> -> tensor<24xf64>
    %rms, %rrstd = mpt.rms_norm %x, %r {id = 10, axis = 2, eps = 1.0e-3} : tensor<2x3x4xf64>, tensor<4xf64> -> tensor<2x3x4xf64>, tensor<2x3xf64>
    %flat.rms = mpt.reshape %rms {id = 11} : tensor<2x3x4xf64> -> tensor<24xf64>
    %y = mpt.concat %flat.gelu.erf, %flat.gelu.tanh, %flat.soft, %flat.logsoft, %flat.ln, %flat.rms {id = 12, axis = 0} : tensor<24xf64>, tensor<24xf64>, tensor<24xf64>, tensor<24xf64>, tensor<24xf64>, tensor<24xf64> -> tensor<144xf64>
    return %y : tensor<144xf64>
  }
}
// -----

// CHECK: tied_mlp: {{[0-9]+}} ops, worst deviation
module @tied_mlp attributes {mpt.config = {loss = "cross_entropy(y,labels){ignore_index=1}", optimizer = "adamw{betas=[0.8,0.9]}", clip = 0.5 : f64, precision = "f64"}} {
  mpt.state @w : tensor<4x5xf64> {role = "parameter", trainable}
  func.func @predict(%x: tensor<6x5xf64> {mpt.input = "x"}) -> (tensor<6x5xf64> {mpt.output = "y"}) {
    %w = mpt.read @w : tensor<4x5xf64>
    %h = mpt.dot_general %x, %w contract [1] x [1] {id = 0} : tensor<6x5xf64>, tensor<4x5xf64> -> tensor<6x4xf64>
    %half = mpt.constant {id = 1, value = 1.3 : f64} : tensor<6x4xf64>
    %c = mpt.sub %h, %half {id = 2} : tensor<6x4xf64>
    %zero = mpt.constant {id = 3, value = 0.0 : f64} : tensor<6x4xf64>
    %r = mpt.max %c, %zero {id = 4} : tensor<6x4xf64>
    %h2 = mpt.dot_general %r, %w contract [1] x [0] {id = 5} : tensor<6x4xf64>, tensor<4x5xf64> -> tensor<6x5xf64>
    %y = mpt.tanh %h2 {id = 6} : tensor<6x5xf64>
    return %y : tensor<6x5xf64>
  }
}
// -----

// CHECK: loss_in_graph: {{[0-9]+}} ops, worst deviation
module @loss_in_graph attributes {mpt.config = {loss = "output:y", optimizer = "sgd", precision = "f64"}} {
  mpt.state @z : tensor<2x3x4xf64> {role = "parameter", trainable}
  func.func @predict(%i: tensor<2x3xi64> {mpt.input = "i"}) -> (tensor<1xf64> {mpt.output = "y"}) {
    %z = mpt.read @z : tensor<2x3x4xf64>
    %ls, %lse = mpt.cross_entropy %z, %i {id = 0, ignore_index = 2} : tensor<2x3x4xf64>, tensor<2x3xi64> -> tensor<f64>, tensor<2x3xf64>
    %w = mpt.label_weight %i {id = 1, ignore_index = 2} : tensor<2x3xi64> -> tensor<f64>
    %mean = mpt.div %ls, %w {id = 2} : tensor<f64>
    %y = mpt.reshape %mean {id = 3} : tensor<f64> -> tensor<1xf64>
    return %y : tensor<1xf64>
  }
}
// CHECK: all agree
