// RUN: mpt-opt %s --split-input-file --mpt-plan --verify-roundtrip | FileCheck %s

// Two linear layers over tp: by columns with their bias, then by rows, whose bias
// is whole; then by columns again. Inputs are cut over micro and dp, outputs are
// whole but for the batch. A mesh's axes stand in rank order.
!X = tensor<12x8xf32>
!A = tensor<12x16xf32>
!Y = tensor<12x3xf32>
// CHECK-LABEL: module @layers
module @layers attributes {mpt.config = {mesh = {tp = 2 : i64, dp = 3 : i64, pp = 1 : i64}, microbatches = 4 : i64, inference = true}} {
  // CHECK: mpt.mesh <["dp"=3, "tp"=2], time ["micro"=4]>
  // CHECK: mpt.schedule_header "gpipe" {micro = 4 : i64, place = array<i64: 0>, stages = 1 : i64, tasks = "F"}
  // CHECK: mpt.state @w0 {{.*}}storage = #mpt.storage<f32, <[{}, {"tp"=2}]>>
  mpt.state @w0 : tensor<8x16xf32> {role = "parameter"}
  // CHECK: mpt.state @b0 {{.*}}storage = #mpt.storage<f32, <[{"tp"=2}]>>
  mpt.state @b0 : tensor<16xf32> {role = "parameter"}
  // CHECK: mpt.state @w1 {{.*}}storage = #mpt.storage<f32, <[{}, {"tp"=2}]>>
  mpt.state @w1 : tensor<8x16xf32> {role = "parameter"}
  // CHECK: mpt.state @b1 {{.*}}storage = #mpt.storage<f32, <[{}]>>
  mpt.state @b1 : tensor<8xf32> {role = "parameter"}
  // CHECK: mpt.state @w2 {{.*}}storage = #mpt.storage<f32, <[{}, {"tp"=2}]>>
  mpt.state @w2 : tensor<8x3xf32> {role = "parameter"}
  func.func @predict(%x: !X {mpt.input = "x"}) -> (!Y {mpt.output = "y"}) {
    // CHECK: mpt.constrain %arg0 {to = #mpt.s<[{"micro"=4,"dp"=3}, {}]>}
    %w0 = mpt.read @w0 : tensor<8x16xf32>
    %b0 = mpt.read @b0 : tensor<16xf32>
    %w1 = mpt.read @w1 : tensor<8x16xf32>
    %b1 = mpt.read @b1 : tensor<8xf32>
    %w2 = mpt.read @w2 : tensor<8x3xf32>
    %f = mpt.dot_general %x, %w0 contract [1] x [0] {id = 0} : !X, tensor<8x16xf32> -> !A loc("fc")
    %c = mpt.broadcast %b0 {dims = [1], id = 1} : tensor<16xf32> -> !A loc("fc")
    %a = mpt.add %f, %c {id = 2} : !A loc("fc")
    %e = mpt.tanh %a {id = 3} : !A loc("act")
    // The weight is stored as its transpose.
    %t = mpt.transpose %w1 {perm = [1, 0], id = 4} : tensor<8x16xf32> -> tensor<16x8xf32> loc("proj")
    %p = mpt.dot_general %e, %t contract [1] x [0] {id = 5} : !A, tensor<16x8xf32> -> !X loc("proj")
    %d = mpt.broadcast %b1 {dims = [1], id = 6} : tensor<8xf32> -> !X loc("proj")
    %y = mpt.add %p, %d {id = 7} : !X loc("proj")
    %z = mpt.dot_general %y, %w2 contract [1] x [0] {id = 8} : !X, tensor<8x3xf32> -> !Y loc("head")
    // CHECK: mpt.constrain {{.*}} {to = #mpt.s<[{"micro"=4,"dp"=3}, {}]>} : tensor<12x3xf32>
    return %z : !Y
  }
}

// -----

// Output features fewer than tp: the contracted ones are cut. Nothing fits: whole.
// CHECK-LABEL: module @small
module @small attributes {mpt.config = {mesh = {tp = 4 : i64}, inference = true}} {
  // CHECK: mpt.mesh <["tp"=4], time ["micro"=1]>
  // CHECK: mpt.state @w0 {{.*}}storage = #mpt.storage<f64, <[{"tp"=4}, {}]>>
  mpt.state @w0 : tensor<8x3xf64> {role = "parameter"}
  // CHECK: mpt.state @w1 {{.*}}storage = #mpt.storage<f64, <[{}, {}]>>
  mpt.state @w1 : tensor<3x3xf64> {role = "parameter"}
  func.func @predict(%x: tensor<2x8xf64> {mpt.input = "x"}) -> (tensor<2x3xf64> {mpt.output = "y"}) {
    %w0 = mpt.read @w0 : tensor<8x3xf64>
    %w1 = mpt.read @w1 : tensor<3x3xf64>
    %0 = mpt.dot_general %x, %w0 contract [1] x [0] {id = 0} : tensor<2x8xf64>, tensor<8x3xf64> -> tensor<2x3xf64>
    %1 = mpt.dot_general %0, %w1 contract [1] x [0] {id = 1} : tensor<2x3xf64>, tensor<3x3xf64> -> tensor<2x3xf64>
    return %1 : tensor<2x3xf64>
  }
}

// -----

// Four stages on two coordinates, cut by cost: the largest op has its own. With
// equal bytes no cut falls into a node.
// CHECK-LABEL: module @stages
module @stages attributes {mpt.config = {mesh = {pp = 2 : i64}, stages = 4 : i64, microbatches = 2 : i64, schedule = "1f1b", inference = true}} {
  // CHECK: mpt.schedule_header "1f1b" {micro = 2 : i64, place = array<i64: 0, 0, 1, 1>, stages = 4 : i64, tasks = "F"}
  mpt.state @w0 : tensor<8x8xf32> {role = "parameter"}
  mpt.state @w1 : tensor<8x8xf32> {role = "parameter"}
  mpt.state @w2 : tensor<8x64xf32> {role = "parameter"}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x64xf32> {mpt.output = "y"}) {
    %w0 = mpt.read @w0 : tensor<8x8xf32>
    %w1 = mpt.read @w1 : tensor<8x8xf32>
    %w2 = mpt.read @w2 : tensor<8x64xf32>
    // CHECK: mpt.dot_general {{.*}} {id = 0, stage = 0}
    %0 = mpt.dot_general %x, %w0 contract [1] x [0] {id = 0} : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32> loc("a")
    // CHECK: mpt.tanh {{.*}} {id = 1, stage = 0}
    %1 = mpt.tanh %0 {id = 1} : tensor<4x8xf32> loc("a")
    // CHECK: mpt.constant {id = 2, value
    %2 = mpt.constant {value = 1.0 : f32, id = 2} : tensor<4x8xf32> loc("b")
    // What is computed from parameters goes with its user.
    // CHECK: mpt.transpose {{.*}} {id = 3, perm = [1, 0], stage = 1}
    %3 = mpt.transpose %w1 {perm = [1, 0], id = 3} : tensor<8x8xf32> -> tensor<8x8xf32> loc("a")
    // CHECK: mpt.add {{.*}} {id = 4, stage = 1}
    %4 = mpt.add %1, %2 {id = 4} : tensor<4x8xf32> loc("b")
    // CHECK: mpt.dot_general {{.*}} {id = 5, stage = 1}
    %5 = mpt.dot_general %4, %3 contract [1] x [0] {id = 5} : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32> loc("b")
    // CHECK: mpt.dot_general {{.*}} {id = 6, stage = 2}
    %6 = mpt.dot_general %5, %w2 contract [1] x [0] {id = 6} : tensor<4x8xf32>, tensor<8x64xf32> -> tensor<4x64xf32> loc("c")
    // CHECK: mpt.exp {{.*}} {id = 7, stage = 3}
    %7 = mpt.exp %6 {id = 7} : tensor<4x64xf32> loc("d")
    return %7 : tensor<4x64xf32>
  }
}

// -----

// Stages by name; storage by --shard, which other decisions follow.
// CHECK-LABEL: module @given
module @given attributes {mpt.config = {mesh = {pp = 2 : i64, tp = 2 : i64}, stages = ["^block"], shard = ["w0=[{tp}, {dp}]"], inference = true}} {
  // CHECK: place = array<i64: 0, 1>
  // CHECK: mpt.state @w0 {{.*}}storage = #mpt.storage<f32, <[{"tp"=2}, {}]>>
  mpt.state @w0 : tensor<8x8xf32> {role = "parameter"}
  // CHECK: mpt.state @w1 {{.*}}storage = #mpt.storage<f32, <[{}, {"tp"=2}]>>
  mpt.state @w1 : tensor<8x8xf32> {role = "parameter"}
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    %w0 = mpt.read @w0 : tensor<8x8xf32>
    %w1 = mpt.read @w1 : tensor<8x8xf32>
    // CHECK: mpt.dot_general {{.*}} {id = 0, stage = 0}
    %0 = mpt.dot_general %x, %w0 contract [1] x [0] {id = 0} : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32> loc("in")
    // CHECK: mpt.tanh {{.*}} {id = 1, stage = 1}
    %1 = mpt.tanh %0 {id = 1} : tensor<4x8xf32> loc("block.0")
    // CHECK: mpt.dot_general {{.*}} {id = 2, stage = 1}
    %2 = mpt.dot_general %1, %w1 contract [1] x [0] {id = 2} : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32> loc("block.0")
    return %2 : tensor<4x8xf32>
  }
}

// -----

// A schedule file decides stages, place and kinds of tasks.
// CHECK-LABEL: module @file
module @file attributes {mpt.config = {mesh = {pp = 2 : i64}, microbatches = 1 : i64, schedule_text = "mpt.schedule v1 name=mine ranks=2 stages=2 mb=1 slices=1\0Aplace 0:1 1:0\0Arank 0: F1.0\0Arank 1: F0.0\0A", inference = true}} {
  // CHECK: mpt.schedule_header "mine" {micro = 1 : i64, place = array<i64: 1, 0>, stages = 2 : i64, tasks = "F", text = "mpt.schedule v1
  func.func @predict(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<4x8xf32> {mpt.output = "y"}) {
    %0 = mpt.tanh %x {id = 0} : tensor<4x8xf32> loc("a")
    %1 = mpt.exp %0 {id = 1} : tensor<4x8xf32> loc("b")
    return %1 : tensor<4x8xf32>
  }
}

// -----

// The loss cannot be cut off: its sum over the batch cannot be sent. The weight
// of the loss and what follows from it has no stage; the stop flag is a sum over
// ranks. The second max is computed again: its operand is kept anyway.
// CHECK-LABEL: module @loss
module @loss attributes {mpt.config = {mesh = {pp = 2 : i64, dp = 2 : i64}, stages = 3 : i64}} {
  // CHECK: mpt.state @step.stop {{.*}}storage = #mpt.storage<f32, <[], partial = [sum{"dp"=2}]>>
  mpt.state @step.stop : tensor<f32> {role = "counter"}
  mpt.state @scale : tensor<8xf32> {role = "parameter"}
  func.func @step(%x: tensor<4x8xf32> {mpt.input = "x"}, %l: tensor<4xi64> {mpt.input = "labels"}) -> (tensor<2xf32> {mpt.metric = "totals"}) {
    %stop = mpt.read @step.stop : tensor<f32>
    %scale = mpt.read @scale : tensor<8xf32>
    %z = mpt.constant {value = 0.0 : f32, id = 0} : tensor<4x8xf32> loc("a")
    %b = mpt.broadcast %scale {dims = [1], id = 9} : tensor<8xf32> -> tensor<4x8xf32> loc("a")
    // CHECK: mpt.mul {{.*}} {id = 1, stage = 0}
    %0 = mpt.mul %x, %b {id = 1} : tensor<4x8xf32> loc("a")
    // CHECK: mpt.max {{.*}} {id = 2, stage = 1}
    %1 = mpt.max %0, %z {id = 2} : tensor<4x8xf32> loc("b")
    // CHECK: mpt.max {{.*}} {id = 3, recompute, stage = 1}
    %2 = mpt.max %1, %z {id = 3} : tensor<4x8xf32> loc("b")
    // CHECK: mpt.cross_entropy {{.*}} {id = 4, ignore_index = -100, stage = 2}
    %s, %lse = mpt.cross_entropy %2, %l {id = 4, ignore_index = -100} : tensor<4x8xf32>, tensor<4xi64> -> tensor<f32>, tensor<4xf32> loc("loss")
    // CHECK: mpt.label_weight {{.*}} {id = 5, ignore_index = -100} :
    %w = mpt.label_weight %l {id = 5, ignore_index = -100} : tensor<4xi64> -> tensor<f32> loc("loss")
    // CHECK: mpt.sqrt {{.*}} {id = 6} :
    %r = mpt.sqrt %w {id = 6} : tensor<f32> loc("loss")
    // CHECK: mpt.div {{.*}} {id = 7, stage = 2}
    %loss = mpt.div %s, %r {id = 7} : tensor<f32> loc("loss")
    %d = mpt.mul %1, %2 {id = 8, adjoint_of = 3} : tensor<4x8xf32>
    %tot = mpt.totals %loss, %stop {names = ["loss", "stop"]} : tensor<f32>, tensor<f32> -> tensor<2xf32>
    return %tot : tensor<2xf32>
  }
}

// -----

// Queries that no layer cuts (a packed layer of unequal parts) are cut over
// their heads where they enter attention; a layer for one shared key head stays
// whole, and the layer behind attention goes by rows.
!X = tensor<4x6x8xf32>
!Q = tensor<4x4x6x2xf32>
!K = tensor<4x1x6x2xf32>
// CHECK-LABEL: module @heads
module @heads attributes {mpt.config = {mesh = {tp = 2 : i64}, microbatches = 1 : i64, inference = true}} {
  // CHECK: mpt.state @kv {{.*}}storage = #mpt.storage<f32, <[{}, {}]>>
  mpt.state @kv : tensor<8x2xf32> {role = "parameter"}
  // CHECK: mpt.state @o {{.*}}storage = #mpt.storage<f32, <[{"tp"=2}, {}]>>
  mpt.state @o : tensor<8x8xf32> {role = "parameter"}
  func.func @predict(%x: !X {mpt.input = "x"}) -> (!X {mpt.output = "y"}) {
    %wk = mpt.read @kv : tensor<8x2xf32>
    %wo = mpt.read @o : tensor<8x8xf32>
    %h = mpt.reshape %x {id = 0} : !X -> tensor<4x6x4x2xf32>
    %q = mpt.transpose %h {id = 1, perm = [0, 2, 1, 3]} : tensor<4x6x4x2xf32> -> !Q
    // CHECK: mpt.transpose {{.*}}-> tensor<4x4x6x2xf32>
    // CHECK-NEXT: mpt.constrain {{.*}} {to = #mpt.s<[{"micro"=1}, {"tp"=2}, {}, {}]>}
    %k0 = mpt.dot_general %x, %wk contract [2] x [0] {id = 2} : !X, tensor<8x2xf32> -> tensor<4x6x2xf32>
    %k = mpt.reshape %k0 {id = 3} : tensor<4x6x2xf32> -> !K
    %a, %l = mpt.attention %q, %k, %k {id = 4, scale = 1.0 : f64} : !Q, !K, !K -> !Q, tensor<4x4x6xf32>
    %t = mpt.transpose %a {id = 5, perm = [0, 2, 1, 3]} : !Q -> tensor<4x6x4x2xf32>
    %m = mpt.reshape %t {id = 6} : tensor<4x6x4x2xf32> -> !X
    %y = mpt.dot_general %m, %wo contract [2] x [0] {id = 7} : !X, tensor<8x8xf32> -> !X
    return %y : !X
  }
}
