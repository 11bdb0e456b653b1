// RUN: mpt-opt %s --split-input-file --mpt-differentiate --verify-roundtrip | FileCheck %s

// A linear layer and mse under sgd: the label is a new input, adjoints name
// their forward op and go on with the ids, x needs no gradient, both cotangents
// of the difference are added.
// CHECK-LABEL: module @linear
module @linear attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd"}} {
  // CHECK: mpt.state @w : tensor<4x3xf32> {role = "parameter", trainable}
  // CHECK-NEXT: mpt.state @b
  // CHECK-NEXT: mpt.state @step.lr : tensor<f32> {role = "counter"}
  // CHECK-NEXT: mpt.state @step.count : tensor<i64> {role = "counter"}
  // CHECK-NEXT: mpt.state @step.stop : tensor<f32> {role = "counter"}
  mpt.state @w : tensor<4x3xf32> {role = "parameter", trainable}
  mpt.state @b : tensor<3xf32> {role = "parameter", trainable}
  // CHECK: func.func @step(%[[X:.*]]: tensor<8x4xf32> {mpt.input = "x"}, %[[T:.*]]: tensor<8x3xf32> {mpt.input = "t", mpt.label}) -> (tensor<4xf32> {mpt.metric = "totals"}, tensor<f32> {mpt.metric = "grad_norm"})
  func.func @predict(%x: tensor<8x4xf32> {mpt.input = "x"}) -> (tensor<8x3xf32> {mpt.output = "y"}) {
    // CHECK-NEXT: %[[W:.*]] = mpt.read @w
    // CHECK-NEXT: %[[B:.*]] = mpt.read @b
    // CHECK-NEXT: %[[LR:.*]] = mpt.read @step.lr
    // CHECK-NEXT: %[[COUNT:.*]] = mpt.read @step.count
    // CHECK-NEXT: %[[STOP:.*]] = mpt.read @step.stop
    %w = mpt.read @w : tensor<4x3xf32>
    %b = mpt.read @b : tensor<3xf32>
    %0 = mpt.dot_general %x, %w contract [1] x [0] {id = 0} : tensor<8x4xf32>, tensor<4x3xf32> -> tensor<8x3xf32>
    %1 = mpt.broadcast %b {dims = [1], id = 1} : tensor<3xf32> -> tensor<8x3xf32>
    // CHECK: %[[Y:.*]] = mpt.add %{{.*}}, %{{.*}} {id = 7
    %y = mpt.add %0, %1 {id = 7} : tensor<8x3xf32>
    // CHECK-NEXT: %[[D:.*]] = mpt.sub %[[Y]], %[[T]] {id = 8
    // CHECK-NEXT: %[[S:.*]] = mpt.mul %[[D]], %[[D]] {id = 9
    // CHECK-NEXT: %[[SUM:.*]] = mpt.reduce sum %[[S]] {axes = [0, 1], id = 10
    // CHECK-NEXT: %[[SEED:.*]] = mpt.constant {id = 11, value = 0.0416666679 : f32
    // CHECK-NEXT: %[[LOSS:.*]] = mpt.mul %[[SUM]], %[[SEED]] {id = 12
    // CHECK-NEXT: %[[DS:.*]] = mpt.broadcast %[[SEED]] {adjoint_of = 10, dims = [], id = 13
    // CHECK-NEXT: %[[L:.*]] = mpt.mul %[[DS]], %[[D]] {adjoint_of = 9, id = 14
    // CHECK-NEXT: %[[R:.*]] = mpt.mul %[[DS]], %[[D]] {adjoint_of = 9, id = 15
    // CHECK-NEXT: %[[DY:.*]] = mpt.sum %[[L]], %[[R]] {id = 16
    // CHECK-NOT: adjoint_of
    // CHECK: %[[DB:.*]] = mpt.reduce sum %[[DY]] {adjoint_of = 1, axes = [0], id = 17
    // CHECK-NEXT: %[[DW:.*]] = mpt.dot_general %[[X]], %[[DY]] contract [0] x [0] {adjoint_of = 0, id = 18
    // CHECK-NEXT: %[[QW:.*]] = mpt.sum_squares %[[DW]]
    // CHECK-NEXT: %[[QB:.*]] = mpt.sum_squares %[[DB]]
    // CHECK-NEXT: %[[TOT:.*]] = mpt.totals %[[LOSS]], %[[STOP]], %[[QW]], %[[QB]] {names = ["loss", "stop", "w", "b"]}
    // CHECK-NEXT: %[[SQ:.*]] = mpt.slice %[[TOT]] {limit = [4], start = [2]}
    // CHECK-NEXT: %[[Q:.*]] = mpt.reduce sum %[[SQ]] {axes = [0]}
    // CHECK-NEXT: %[[OK:.*]] = mpt.is_finite %[[Q]]
    // CHECK-NEXT: %[[NORM:.*]] = mpt.sqrt %[[Q]]
    // CHECK-NEXT: %[[CLIP:.*]] = mpt.constant {value = 1.0
    // CHECK-NEXT: %[[W1:.*]] = mpt.opt_update sgd %[[W]], %[[DW]], %[[CLIP]], %[[LR]], %[[COUNT]], %[[OK]] {decay = 0.0
    // CHECK-NEXT: %[[B1:.*]] = mpt.opt_update sgd %[[B]], %[[DB]], %[[CLIP]], %[[LR]], %[[COUNT]], %[[OK]] {decay = 0.0
    // CHECK-NEXT: mpt.write @w, %[[W1]]
    // CHECK-NEXT: mpt.write @b, %[[B1]]
    // CHECK-NEXT: return %[[TOT]], %[[NORM]]
    return %y : tensor<8x3xf32>
  }
}

// -----

// With inference the program stays what it is.
// CHECK-LABEL: module @inference
module @inference attributes {mpt.config = {inference = true}} {
  // CHECK-NEXT: func.func @predict(%[[X:.*]]: tensor<4xf32> {mpt.input = "x"}) -> (tensor<4xf32> {mpt.output = "y"}) {
  // CHECK-NEXT: mpt.exp
  // CHECK-NEXT: return
  func.func @predict(%x: tensor<4xf32> {mpt.input = "x"}) -> (tensor<4xf32> {mpt.output = "y"}) {
    %y = mpt.exp %x {id = 0} : tensor<4xf32>
    return %y : tensor<4xf32>
  }
}
