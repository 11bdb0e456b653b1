// RUN: mpt-opt %s --split-input-file --mpt-differentiate --mlir-print-debuginfo | FileCheck %s

// What the adjoints of each family look like; gradients.mlir proves their values.

// max(x, 0) passes the gradient where x > 0, so not at 0. Adjoints have
// the location of their forward op.
// CHECK-LABEL: module @relu
module @relu attributes {mpt.config = {loss = "output:l"}} {
  mpt.state @x : tensor<4xf32> {role = "parameter", trainable}
  func.func @predict() -> (tensor<f32> {mpt.output = "l"}) {
    // CHECK: %[[X:.*]] = mpt.read @x
    %x = mpt.read @x : tensor<4xf32>
    // CHECK: %[[ZERO:.*]] = mpt.constant {id = 0
    %zero = mpt.constant {value = 0.0 : f32, id = 0} : tensor<4xf32>
    %y = mpt.max %x, %zero {id = 1} : tensor<4xf32> loc("relu")
    // CHECK: %[[LOSS:.*]] = mpt.reduce sum
    %l = mpt.reduce sum %y {axes = [0], id = 2} : tensor<4xf32> -> tensor<f32>
    // CHECK-NEXT: %[[ONE:.*]] = mpt.constant {id = 3, value = 1.000000e+00 : f32} : tensor<f32> loc(#[[LOSSLOC:.*]])
    // CHECK-NEXT: %[[DY:.*]] = mpt.broadcast %[[ONE]] {adjoint_of = 2
    // CHECK-NEXT: %[[MASK:.*]] = mpt.compare gt %[[X]], %[[ZERO]] {adjoint_of = 1{{.*}} loc(#[[RELU:.*]])
    // CHECK-NEXT: %[[NONE:.*]] = mpt.constant {adjoint_of = 1
    // CHECK-NEXT: %[[DX:.*]] = mpt.select %[[MASK]], %[[DY]], %[[NONE]] {adjoint_of = 1
    // CHECK-NEXT: mpt.sum_squares %[[DX]]
    // CHECK-NEXT: mpt.totals %[[LOSS]],
    // CHECK-DAG: #[[RELU]] = loc("relu")
    // CHECK-DAG: #[[LOSSLOC]] = loc("loss")
    return %l : tensor<f32>
  }
}

// -----

// The two dot_generals of a contraction: batch dims go in front; where neither
// order of operands gives the operand's order of dims, a transpose does.
// CHECK-LABEL: module @contraction
module @contraction attributes {mpt.config = {loss = "mse(y,t)"}} {
  mpt.state @a : tensor<2x3x4xf32> {role = "parameter", trainable}
  mpt.state @b : tensor<4x5x2xf32> {role = "parameter", trainable}
  func.func @predict() -> (tensor<2x3x5xf32> {mpt.output = "y"}) {
    // CHECK: %[[A:.*]] = mpt.read @a
    // CHECK: %[[B:.*]] = mpt.read @b
    %a = mpt.read @a : tensor<2x3x4xf32>
    %b = mpt.read @b : tensor<4x5x2xf32>
    %y = mpt.dot_general %a, %b batch [0] x [2] contract [2] x [0] {id = 0} : tensor<2x3x4xf32>, tensor<4x5x2xf32> -> tensor<2x3x5xf32>
    // CHECK: %[[DY:.*]] = mpt.sum
    // CHECK-NEXT: mpt.dot_general %[[DY]], %[[B]] batch [0] x [2] contract [2] x [1] {adjoint_of = 0{{.*}}-> tensor<2x3x4xf32>
    // CHECK-NEXT: %[[DB:.*]] = mpt.dot_general %[[A]], %[[DY]] batch [0] x [0] contract [1] x [1] {adjoint_of = 0{{.*}}-> tensor<2x4x5xf32>
    // CHECK-NEXT: mpt.transpose %[[DB]] {adjoint_of = 0{{.*}}perm = [1, 2, 0]} {{.*}}-> tensor<4x5x2xf32>
    return %y : tensor<2x3x5xf32>
  }
}

// -----

// A value with three uses: one sum, from the last use to the first. Frozen states,
// inputs and integers get nothing; what does not lead to the loss is dropped.
// CHECK-LABEL: module @uses
module @uses attributes {mpt.config = {loss = "output:l", optimizer = "sgd{momentum=0.9,nesterov}"}} {
  // CHECK: mpt.state @frozen
  // CHECK-NEXT: mpt.state @x
  // CHECK-NEXT: mpt.state @x.momentum_buffer : tensor<4xf32> {of = @x, role = "optimizer", source = #mpt.zero}
  mpt.state @frozen : tensor<4xf32> {role = "parameter"}
  mpt.state @x : tensor<4xf32> {role = "parameter", trainable}
  func.func @predict(%i: tensor<4xf32> {mpt.input = "i"}) -> (tensor<f32> {mpt.output = "l"}, tensor<4xf32> {mpt.output = "dropped"}) {
    // CHECK: %[[FROZEN:.*]] = mpt.read @frozen
    // CHECK: %[[X:.*]] = mpt.read @x
    // CHECK: %[[BUFFER:.*]] = mpt.read @x.momentum_buffer
    %frozen = mpt.read @frozen : tensor<4xf32>
    %x = mpt.read @x : tensor<4xf32>
    // CHECK-NOT: mpt.cos
    %dropped = mpt.cos %x {id = 0} : tensor<4xf32>
    // CHECK: %[[E:.*]] = mpt.exp %[[X]]
    %e = mpt.exp %x {id = 1} : tensor<4xf32>
    %f = mpt.mul %e, %frozen {id = 2} : tensor<4xf32>
    %g = mpt.mul %e, %i {id = 3} : tensor<4xf32>
    %h = mpt.add %f, %g {id = 4} : tensor<4xf32>
    %k = mpt.add %h, %e {id = 5} : tensor<4xf32>
    %l = mpt.reduce sum %k {axes = [0], id = 6} : tensor<4xf32> -> tensor<f32>
    // CHECK: %[[DY:.*]] = mpt.broadcast %{{.*}} {adjoint_of = 6
    // CHECK-NEXT: %[[DG:.*]] = mpt.mul %[[DY]], %{{.*}} {adjoint_of = 3
    // CHECK-NEXT: %[[DF:.*]] = mpt.mul %[[DY]], %[[FROZEN]] {adjoint_of = 2
    // CHECK-NEXT: %[[DE:.*]] = mpt.sum %[[DY]], %[[DG]], %[[DF]] {id = 11}
    // CHECK-NEXT: %[[DX:.*]] = mpt.mul %[[DE]], %[[E]] {adjoint_of = 1
    // CHECK-NEXT: mpt.sum_squares %[[DX]]
    // CHECK: mpt.opt_update momentum %[[X]], %[[DX]], %[[BUFFER]], {{.*}} {decay = 0.000000e+00, momentum = {{.*}}, nesterov}
    return %l, %dropped : tensor<f32>, tensor<4xf32>
  }
}

// -----

// --decay names the parameters that decay, whatever their rank.
// CHECK-LABEL: module @decay
module @decay attributes {mpt.config = {loss = "output:l", optimizer = "adamw", decay = "^b"}} {
  mpt.state @a : tensor<2x2xf32> {role = "parameter", trainable}
  mpt.state @b : tensor<2xf32> {role = "parameter", trainable}
  func.func @predict() -> (tensor<f32> {mpt.output = "l"}) {
    // CHECK: %[[A:.*]] = mpt.read @a
    // CHECK: %[[B:.*]] = mpt.read @b
    %a = mpt.read @a : tensor<2x2xf32>
    %b = mpt.read @b : tensor<2xf32>
    %c = mpt.reduce sum %a {axes = [0], id = 0} : tensor<2x2xf32> -> tensor<2xf32>
    %d = mpt.add %b, %c {id = 1} : tensor<2xf32>
    %l = mpt.reduce sum %d {axes = [0], id = 2} : tensor<2xf32> -> tensor<f32>
    // CHECK: mpt.opt_update adamw %[[A]], {{.*}} {betas = [9.000000e-01, 0.99{{[0-9]+}}], decay = 0.000000e+00, eps = 1.000000e-08}
    // CHECK: mpt.opt_update adamw %[[B]], {{.*}} {betas = [9.000000e-01, 0.99{{[0-9]+}}], decay = 1.000000e-02, eps
    return %l : tensor<f32>
  }
}

// -----

// Elementwise: a formula over the operand or the result.
// CHECK-LABEL: module @elementwise
module @elementwise attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd"}} {
  mpt.state @x : tensor<4xf32> {role = "parameter", trainable}
  func.func @predict() -> (tensor<4xf32> {mpt.output = "y"}) {
    // CHECK: %[[X:.*]] = mpt.read @x
    %x = mpt.read @x : tensor<4xf32>
    // CHECK: %[[LOG:.*]] = mpt.log %[[X]]
    %l = mpt.log %x {id = 0} : tensor<4xf32>
    // CHECK: %[[TANH:.*]] = mpt.tanh %[[LOG]]
    %y = mpt.tanh %l {id = 1} : tensor<4xf32>
    // CHECK: %[[DY:.*]] = mpt.sum
    // CHECK-NEXT: %[[SQUARE:.*]] = mpt.mul %[[TANH]], %[[TANH]] {adjoint_of = 1
    // CHECK-NEXT: %[[ONE:.*]] = mpt.constant {adjoint_of = 1
    // CHECK-NEXT: %[[SLOPE:.*]] = mpt.sub %[[ONE]], %[[SQUARE]] {adjoint_of = 1
    // CHECK-NEXT: %[[DL:.*]] = mpt.mul %[[DY]], %[[SLOPE]] {adjoint_of = 1
    // CHECK-NEXT: %[[DX:.*]] = mpt.div %[[DL]], %[[X]] {adjoint_of = 0
    // CHECK-NEXT: mpt.sum_squares %[[DX]]
    return %y : tensor<4xf32>
  }
}

// -----

// Reduction: equal maxima share the gradient.
// CHECK-LABEL: module @reduction
module @reduction attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd"}} {
  mpt.state @x : tensor<4x3xf32> {role = "parameter", trainable}
  func.func @predict() -> (tensor<4xf32> {mpt.output = "y"}) {
    // CHECK: %[[X:.*]] = mpt.read @x
    %x = mpt.read @x : tensor<4x3xf32>
    // CHECK: %[[MAX:.*]] = mpt.reduce max %[[X]]
    %y = mpt.reduce max %x {axes = [1], id = 0} : tensor<4x3xf32> -> tensor<4xf32>
    // CHECK: %[[DY:.*]] = mpt.sum
    // CHECK-NEXT: %[[WIDE:.*]] = mpt.broadcast %[[MAX]] {adjoint_of = 0{{.*}}dims = [0]
    // CHECK-NEXT: %[[IS:.*]] = mpt.compare eq %[[X]], %[[WIDE]]
    // CHECK-NEXT: %[[ONES:.*]] = mpt.convert %[[IS]]
    // CHECK-NEXT: %[[COUNT:.*]] = mpt.reduce sum %[[ONES]] {adjoint_of = 0{{.*}}axes = [1]
    // CHECK-NEXT: %[[PART:.*]] = mpt.div %[[DY]], %[[COUNT]]
    // CHECK-NEXT: %[[SHARE:.*]] = mpt.broadcast %[[PART]]
    // CHECK-NEXT: %[[ZERO:.*]] = mpt.constant
    // CHECK-NEXT: mpt.select %[[IS]], %[[SHARE]], %[[ZERO]] {adjoint_of = 0
    return %y : tensor<4xf32>
  }
}

// -----

// Shape: each op's gradient is the op that undoes it; a slice's is a pad.
// CHECK-LABEL: module @shape
module @shape attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd"}} {
  mpt.state @x : tensor<5x2xf32> {role = "parameter", trainable}
  func.func @predict(%i: tensor<2x2xf32> {mpt.input = "i"}) -> (tensor<8xf32> {mpt.output = "y"}) {
    %x = mpt.read @x : tensor<5x2xf32>
    %s = mpt.slice %x {start = [1, 0], limit = [4, 2], stride = [2, 1], id = 0} : tensor<5x2xf32> -> tensor<2x2xf32>
    %r = mpt.transpose %s {perm = [1, 0], id = 1} : tensor<2x2xf32> -> tensor<2x2xf32>
    %c = mpt.concat %i, %r {axis = 0, id = 2} : tensor<2x2xf32>, tensor<2x2xf32> -> tensor<4x2xf32>
    %y = mpt.reshape %c {id = 3} : tensor<4x2xf32> -> tensor<8xf32>
    // CHECK: %[[DY:.*]] = mpt.sum
    // CHECK-NEXT: %[[DC:.*]] = mpt.reshape %[[DY]] {adjoint_of = 3
    // CHECK-NEXT: %[[DR:.*]] = mpt.slice %[[DC]] {adjoint_of = 2{{.*}}limit = [4, 2], start = [2, 0]
    // CHECK-NEXT: %[[DS:.*]] = mpt.transpose %[[DR]] {adjoint_of = 1{{.*}}perm = [1, 0]
    // CHECK-NEXT: %[[DX:.*]] = mpt.pad %[[DS]] {adjoint_of = 0, hi = [1, 0]{{.*}}interior = [1, 0], lo = [1, 0], value = 0.000000e+00 : f32}
    // CHECK-NEXT: mpt.sum_squares %[[DX]]
    return %y : tensor<8xf32>
  }
}

// -----

// Indexing and composites: rows are scattered into zeros, softmax stays in terms
// of its result.
// CHECK-LABEL: module @neural
module @neural attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd"}} {
  mpt.state @table : tensor<9x4xf32> {role = "parameter", trainable}
  func.func @predict(%i: tensor<3xi64> {mpt.input = "i"}) -> (tensor<3x4xf32> {mpt.output = "y"}) {
    %table = mpt.read @table : tensor<9x4xf32>
    %h = mpt.take %table, %i {axis = 0, id = 0} : tensor<9x4xf32>, tensor<3xi64> -> tensor<3x4xf32>
    // CHECK: %[[GELU:.*]] = mpt.gelu %[[H:[0-9a-z]+]]
    %g = mpt.gelu %h {approx = "tanh", id = 1} : tensor<3x4xf32>
    // CHECK: %[[Y:.*]] = mpt.softmax %[[GELU]]
    %y = mpt.softmax %g {axis = 1, id = 2} : tensor<3x4xf32> -> tensor<3x4xf32>
    // CHECK: %[[DY:.*]] = mpt.sum
    // CHECK-NEXT: %[[P:.*]] = mpt.mul %[[DY]], %[[Y]] {adjoint_of = 2
    // CHECK-NEXT: %[[S:.*]] = mpt.reduce sum %[[P]] {adjoint_of = 2{{.*}}axes = [1]
    // CHECK-NEXT: %[[B:.*]] = mpt.broadcast %[[S]]
    // CHECK-NEXT: %[[D:.*]] = mpt.sub %[[DY]], %[[B]]
    // CHECK-NEXT: %[[DG:.*]] = mpt.mul %[[Y]], %[[D]] {adjoint_of = 2
    // CHECK-NEXT: %[[DH:.*]] = mpt.gelu_grad %[[H]], %[[DG]] {adjoint_of = 1, approx = "tanh"
    // CHECK-NEXT: %[[ZERO:.*]] = mpt.constant {adjoint_of = 0{{.*}}tensor<9x4xf32>
    // CHECK-NEXT: mpt.scatter_rows add %[[ZERO]], %{{.*}}, %[[DH]] {adjoint_of = 0
    return %y : tensor<3x4xf32>
  }
}
