// Where values lie, when they are copied, and how the queues wait.
// RUN: split-file %s %t
// RUN: mpt-opt %t/pipeline.mlir --mpt-plan-memory --mpt-verify-allocate | FileCheck %s --check-prefix=PIPE
// RUN: mpt-opt %t/one.mlir --mpt-plan-memory --mpt-verify-allocate | FileCheck %s --check-prefix=ONE
// RUN: mpt-opt %t/predict.mlir --mpt-plan-memory --mpt-verify-allocate | FileCheck %s --check-prefix=PREDICT

//--- pipeline.mlir
// Two stages on two coordinates. Stage 1 keeps what it receives, so it receives
// into its saved sets; stage 0 sends and saves one value, so it copies it.
// PIPE: mpt.arena @pp0
// PIPE-SAME: kind = "acc", name = "w"
// PIPE-SAME: {at = [[SEND:[0-9]+]] : i64, kind = "send", name = "h", stride = 64 : i64}
// PIPE-SAME: {at = [[RECV0:[0-9]+]] : i64, kind = "recv", name = "dh", stride = 64 : i64}
// PIPE-SAME: regions = [{at = [[SAVE0:[0-9]+]] : i64, count = 2 : i64, kind = "save", stage = 0 : i64, stride = 64 : i64}
// PIPE: mpt.arena @pp1
// PIPE-SAME: {at = [[SAVE1:[0-9]+]] : i64, kind = "recv", name = "h", stride = 64 : i64}
// PIPE-SAME: regions = [{at = [[SAVE1]] : i64, count = 1 : i64, kind = "save", stage = 1 : i64, stride = 64 : i64}
module {
  mpt.mesh <["pp"=2, "tp"=2], time ["micro"=2]>
  mpt.state @w : tensor<8xf32> {role = "parameter", trainable}
  mpt.transfer @h : tensor<8xf32> -> tensor<8xf32> {mode = "move", task = "F", from = 0, to = 1}
  mpt.transfer @dh : tensor<8xf32> -> tensor<8xf32> {mode = "move", task = "B", from = 1, to = 0}
  mpt.schedule "1f1b" attributes {stages = 2, micro = 2, place = array<i64: 0, 1>} {
    mpt.actions attributes {pp = 0, peak = 8192} {
      mpt.run @s0_F {mb = 0, save = 0, slots = {h = 0 : i64}}
      mpt.send @h {mb = 0, slot = 0}
      mpt.run @s0_F {mb = 1, save = 1, slots = {h = 1 : i64}}
      mpt.send @h {mb = 1, slot = 1}
      mpt.recv @dh {mb = 0, slot = 0}
      mpt.run @s0_B {mb = 0, save = 0, slots = {dh = 0 : i64}}
      mpt.recv @dh {mb = 1, slot = 0}
      mpt.run @s0_B {mb = 1, save = 1, slots = {dh = 0 : i64}}
    }
    mpt.actions attributes {pp = 1, peak = 8192} {
      mpt.recv @h {mb = 0, slot = 0}
      mpt.run @s1_F {mb = 0, save = 0, slots = {h = 0 : i64}}
      mpt.run @s1_B {mb = 0, save = 0, slots = {dh = 0 : i64}}
      mpt.send @dh {mb = 0, slot = 0}
      mpt.recv @h {mb = 1, slot = 0}
      mpt.run @s1_F {mb = 1, save = 0, slots = {h = 0 : i64}}
      mpt.run @s1_B {mb = 1, save = 0, slots = {dh = 0 : i64}}
      mpt.send @dh {mb = 1, slot = 0}
    }
  }
  // PIPE-LABEL: func.func @s0_F(
  // PIPE-SAME: %[[ARENA:.*]]: memref<[[N:.*]]xi8>, %[[MB:.*]]: index {mpt.index = "mb"}, %[[SAVE:.*]]: index {mpt.index = "save"}, %[[SLOT:.*]]: index {mpt.slot = @h})
  func.func @s0_F(%w: tensor<8xf32> {mpt.state = @w}, %x: tensor<8xf32> {mpt.input = "x"})
      -> (tensor<8xf32> {mpt.send = @h}, tensor<8xf32> {mpt.save = "h0"}) {
    // PIPE-DAG: %[[H:.*]] = mpt.buffer %[[ARENA]][%[[SLOT]]] {at = [[SEND]] : i64, stride = 64 : i64}
    // PIPE-DAG: %[[H0:.*]] = mpt.buffer %[[ARENA]][%[[SAVE]]] {at = [[SAVE0]] : i64, stride = 64 : i64}
    // PIPE-DAG: %[[X:.*]] = mpt.buffer %[[ARENA]][%[[MB]]] {at = {{[0-9]+}} : i64, stride = 32 : i64}
    // PIPE: mpt.launch @mul(%{{.*}}, %[[X]]) into(%[[H]]) {stream = "compute"}
    // PIPE-NEXT: mpt.record 0 on "compute"
    // PIPE-NEXT: mpt.wait 0 on "comm"
    // PIPE-NEXT: mpt.all_reduce sum %[[H]] over ["tp"] {bytes = 32, stream = "comm"}
    // PIPE-NEXT: mpt.record 1 on "comm"
    // PIPE-NEXT: mpt.wait 1 on "compute"
    // PIPE-NEXT: mpt.copy %[[H]] to %[[H0]] on "compute"
    // PIPE-NEXT: return
    %e = tensor.empty() : tensor<8xf32>
    %h = mpt.launch @mul(%w, %x) into (%e) : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    %r = mpt.all_reduce sum %h over ["tp"] {bytes = 32} : tensor<8xf32>
    return %r, %r : tensor<8xf32>, tensor<8xf32>
  }
  // The product overlaps with the collective: it waits for it only afterwards.
  // PIPE-LABEL: func.func @s0_B(
  func.func @s0_B(%w: tensor<8xf32> {mpt.state = @w}, %h0: tensor<8xf32> {mpt.save = "h0"}, %dh: tensor<8xf32> {mpt.recv = @dh}, %acc: tensor<8xf32> {mpt.acc = @w})
      -> (tensor<8xf32> {mpt.acc = @w}) {
    // PIPE: mpt.launch @mul(
    // PIPE: mpt.all_reduce sum %[[A:.*]] over
    // PIPE-NEXT: mpt.record 1 on "comm"
    // PIPE-NEXT: mpt.launch @mul(
    // PIPE-NEXT: mpt.wait 1 on "compute"
    // PIPE-NEXT: mpt.launch @mul(%[[A]],
    // PIPE: mpt.launch @accumulate(
    %e0 = tensor.empty() : tensor<8xf32>
    %0 = mpt.launch @mul(%w, %dh) into (%e0) : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    %1 = mpt.all_reduce sum %0 over ["tp"] {bytes = 32} : tensor<8xf32>
    %e1 = tensor.empty() : tensor<8xf32>
    %2 = mpt.launch @mul(%h0, %dh) into (%e1) : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    %e2 = tensor.empty() : tensor<8xf32>
    %3 = mpt.launch @mul(%1, %2) into (%e2) : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    %4 = mpt.launch @accumulate(%3) into (%acc) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    return %4 : tensor<8xf32>
  }
  // PIPE-LABEL: func.func @s1_F(
  // PIPE-SAME: %[[SAVE:.*]]: index {mpt.index = "save"}) {
  // PIPE-NOT: mpt.copy
  func.func @s1_F(%h: tensor<8xf32> {mpt.recv = @h}) -> (tensor<8xf32> {mpt.save = "h"}) {
    return %h : tensor<8xf32>
  }
  // PIPE-LABEL: func.func @s1_B(
  func.func @s1_B(%h: tensor<8xf32> {mpt.save = "h"}) -> (tensor<8xf32> {mpt.send = @dh}) {
    // PIPE: mpt.buffer %{{.*}}[%{{.*}}] {at = [[SAVE1]] : i64, stride = 64 : i64}
    %e = tensor.empty() : tensor<8xf32>
    %0 = mpt.launch @mul(%h, %h) into (%e) : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    return %0 : tensor<8xf32>
  }
  func.func private @mul(%x: tensor<8xf32>, %y: tensor<8xf32>, %z: tensor<8xf32>) -> tensor<8xf32> attributes {mpt.kernel} {
    %0 = linalg.mul ins(%x, %y : tensor<8xf32>, tensor<8xf32>) outs(%z : tensor<8xf32>) -> tensor<8xf32>
    return %0 : tensor<8xf32>
  }
  func.func private @accumulate(%x: tensor<8xf32>, %z: tensor<8xf32>) -> tensor<8xf32> attributes {mpt.kernel} {
    %0 = linalg.add ins(%z, %x : tensor<8xf32>, tensor<8xf32>) outs(%z : tensor<8xf32>) -> tensor<8xf32>
    return %0 : tensor<8xf32>
  }
}

//--- one.mlir
// Both stages on one coordinate. The sender writes into the receiver's slot;
// copies of a tied state have places of their own, their accumulators are added
// by a kernel; the gradient of a stage lies in its accumulator, which the update
// zeroes only after it was read.
// ONE: mpt.arena @pp0
// ONE-SAME: {at = [[W0:[0-9]+]] : i64, bytes = 32 : i64, kind = "state", name = "w"}, {at = [[W1:[0-9]+]] : i64, bytes = 32 : i64, kind = "state", name = "w"}, {at = [[LR:[0-9]+]] : i64, bytes = 4 : i64, kind = "state", name = "step.lr"}
// ONE-SAME: {at = [[ACC0:[0-9]+]] : i64, bytes = 32 : i64, kind = "acc", name = "w"}, {at = [[ACC1:[0-9]+]] : i64, bytes = 32 : i64, kind = "acc", name = "w"}
// ONE-SAME: {at = [[ACC0]] : i64, bytes = 32 : i64, kind = "grad", name = "w"}, {at = [[ACC1]] : i64, bytes = 32 : i64, kind = "grad", name = "w"}
// ONE-SAME: {at = [[H:[0-9]+]] : i64, kind = "send", name = "h", stride = 64 : i64}, {at = [[H]] : i64, kind = "recv", name = "h", stride = 64 : i64}
// ONE-SAME: {at = [[NORM:[0-9]+]] : i64, bytes = 4 : i64, kind = "metric", name = "grad_norm"}
// ONE-SAME: {add = @sum_8, kind = "sum", name = "w.tie", sources = {{\[}}[[ACC0]], [[ACC1]]], targets = {{\[}}[[ACC0]], [[ACC1]]]}
// ONE-SAME: {add = @sum_2, kind = "sum", name = "totals", sources = {{\[}}[[T0:[0-9]+]], [[T1:[0-9]+]]], targets = {{\[}}[[T0]], [[T0]]]}, {at = [[T0]] : i64, bytes = 8 : i64, kind = "metric", name = "totals"}
module {
  mpt.mesh <[], time ["micro"=1]>
  mpt.state @w : tensor<8xf32> {role = "parameter", trainable}
  mpt.state @step.lr : tensor<f32> {role = "counter"}
  mpt.transfer @h : tensor<8xf32> -> tensor<8xf32> {mode = "move", task = "F", from = 0, to = 1}
  mpt.transfer @w.tie : tensor<8xf32> -> tensor<8xf32> {mode = "sum", task = "acc", of = @w, among = array<i64: 0, 1>}
  mpt.transfer @totals : tensor<2xf32> -> tensor<2xf32> {mode = "sum", task = "NORM", among = array<i64: 0, 1>}
  mpt.schedule "gpipe" attributes {stages = 2, micro = 1, place = array<i64: 0, 0>} {
    mpt.actions attributes {pp = 0, peak = 8192} {
      mpt.run @s0_F {mb = 0, save = 0, slots = {h = 0 : i64}}
      mpt.hand_over @h {mb = 0, slot = 0}
      mpt.run @s1_F {mb = 0, save = 0, slots = {h = 0 : i64}}
      mpt.exchange @w.tie
      mpt.run @s0_RS
      mpt.run @s1_RS
      mpt.run @s0_NORM
      mpt.run @s1_NORM
      mpt.exchange @totals
      mpt.run @s0_OPT
      mpt.run @s1_OPT
    }
  }
  // ONE-LABEL: func.func @s0_F(
  // ONE: mpt.buffer %{{.*}}[%{{.*}}] {at = [[H]] : i64, stride = 64 : i64}
  func.func @s0_F(%w: tensor<8xf32> {mpt.state = @w}) -> (tensor<8xf32> {mpt.send = @h}) {
    %e = tensor.empty() : tensor<8xf32>
    %0 = mpt.launch @mul_8(%w, %w) into (%e) : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    return %0 : tensor<8xf32>
  }
  // ONE-LABEL: func.func @s1_F(
  // ONE: mpt.buffer %{{.*}} {at = [[W1]] : i64}
  // ONE: mpt.buffer %{{.*}}[%{{.*}}] {at = [[H]] : i64, stride = 64 : i64}
  func.func @s1_F(%w: tensor<8xf32> {mpt.state = @w}, %h: tensor<8xf32> {mpt.recv = @h}, %acc: tensor<8xf32> {mpt.acc = @w}) -> (tensor<8xf32> {mpt.acc = @w}) {
    %e = tensor.empty() : tensor<8xf32>
    %0 = mpt.launch @mul_8(%w, %h) into (%e) : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    %1 = mpt.launch @accumulate_8(%0) into (%acc) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    return %1 : tensor<8xf32>
  }
  // Nothing to reduce: the gradient is the accumulator.
  // ONE-LABEL: func.func @s0_RS(
  // ONE-NEXT: return
  func.func @s0_RS(%acc: tensor<8xf32> {mpt.recv = @w.tie}) -> (tensor<8xf32> {mpt.grad = @w}) {
    return %acc : tensor<8xf32>
  }
  func.func @s1_RS(%acc: tensor<8xf32> {mpt.recv = @w.tie}) -> (tensor<8xf32> {mpt.grad = @w}) {
    return %acc : tensor<8xf32>
  }
  func.func @s0_NORM(%g: tensor<8xf32> {mpt.grad = @w}) -> (tensor<2xf32> {mpt.send = @totals}) {
    %e = tensor.empty() : tensor<2xf32>
    %0 = mpt.launch @totals_2() into (%e) : (tensor<2xf32>) -> tensor<2xf32>
    return %0 : tensor<2xf32>
  }
  func.func @s1_NORM(%g: tensor<8xf32> {mpt.grad = @w}) -> (tensor<2xf32> {mpt.send = @totals}) {
    %e = tensor.empty() : tensor<2xf32>
    %0 = mpt.launch @totals_2() into (%e) : (tensor<2xf32>) -> tensor<2xf32>
    return %0 : tensor<2xf32>
  }
  // ONE-LABEL: func.func @s0_OPT(
  // ONE-DAG: %[[W:.*]] = mpt.buffer %{{.*}} {at = [[W0]] : i64}
  // ONE-DAG: %[[RATE:.*]] = mpt.buffer %{{.*}} {at = [[LR]] : i64}
  // ONE-DAG: %[[G:.*]] = mpt.buffer %{{.*}} {at = [[ACC0]] : i64}
  // ONE-DAG: %[[ZERO:.*]] = mpt.buffer %{{.*}} {at = [[ACC0]] : i64}
  // ONE: mpt.launch @update_8(%[[G]], %[[RATE]]) into(%[[W]])
  // ONE: mpt.launch @zero_8() into(%{{.*}})
  // ONE-NOT: mpt.copy
  // ONE: return
  func.func @s0_OPT(%tot: tensor<2xf32> {mpt.recv = @totals}, %w: tensor<8xf32> {mpt.state = @w}, %g: tensor<8xf32> {mpt.grad = @w}, %lr: tensor<f32> {mpt.state = @step.lr})
      -> (tensor<8xf32> {mpt.state = @w}, tensor<8xf32> {mpt.acc = @w}, tensor<f32> {mpt.metric = "grad_norm"}) {
    %n = tensor.empty() : tensor<f32>
    %norm = mpt.launch @norm(%tot) into (%n) : (tensor<2xf32>, tensor<f32>) -> tensor<f32>
    %0 = mpt.launch @update_8(%g, %lr) into (%w) : (tensor<8xf32>, tensor<f32>, tensor<8xf32>) -> tensor<8xf32>
    %e = tensor.empty() : tensor<8xf32>
    %1 = mpt.launch @zero_8() into (%e) : (tensor<8xf32>) -> tensor<8xf32>
    return %0, %1, %norm : tensor<8xf32>, tensor<8xf32>, tensor<f32>
  }
  // Zeroed before the gradient is read: elsewhere, and copied at the end.
  // ONE-LABEL: func.func @s1_OPT(
  // ONE: mpt.launch @zero_8() into(%[[E:.*]]) {
  // ONE: mpt.launch @update_8(%[[G:.*]], %{{.*}}) into
  // ONE: mpt.copy %[[E]] to %{{.*}} on "compute"
  // ONE-NEXT: return
  func.func @s1_OPT(%tot: tensor<2xf32> {mpt.recv = @totals}, %w: tensor<8xf32> {mpt.state = @w}, %g: tensor<8xf32> {mpt.grad = @w}, %lr: tensor<f32> {mpt.state = @step.lr})
      -> (tensor<8xf32> {mpt.state = @w}, tensor<8xf32> {mpt.acc = @w}, tensor<f32> {mpt.metric = "grad_norm"}) {
    %n = tensor.empty() : tensor<f32>
    %norm = mpt.launch @norm(%tot) into (%n) : (tensor<2xf32>, tensor<f32>) -> tensor<f32>
    %e = tensor.empty() : tensor<8xf32>
    %1 = mpt.launch @zero_8() into (%e) : (tensor<8xf32>) -> tensor<8xf32>
    %0 = mpt.launch @update_8(%g, %lr) into (%w) : (tensor<8xf32>, tensor<f32>, tensor<8xf32>) -> tensor<8xf32>
    return %0, %1, %norm : tensor<8xf32>, tensor<8xf32>, tensor<f32>
  }
  func.func private @mul_8(%x: tensor<8xf32>, %y: tensor<8xf32>, %z: tensor<8xf32>) -> tensor<8xf32> attributes {mpt.kernel} {
    %0 = linalg.mul ins(%x, %y : tensor<8xf32>, tensor<8xf32>) outs(%z : tensor<8xf32>) -> tensor<8xf32>
    return %0 : tensor<8xf32>
  }
  func.func private @accumulate_8(%x: tensor<8xf32>, %z: tensor<8xf32>) -> tensor<8xf32> attributes {mpt.kernel} {
    %0 = linalg.add ins(%z, %x : tensor<8xf32>, tensor<8xf32>) outs(%z : tensor<8xf32>) -> tensor<8xf32>
    return %0 : tensor<8xf32>
  }
  func.func private @totals_2(%z: tensor<2xf32>) -> tensor<2xf32> attributes {mpt.kernel} {
    return %z : tensor<2xf32>
  }
  func.func private @norm(%x: tensor<2xf32>, %z: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    return %z : tensor<f32>
  }
  func.func private @update_8(%g: tensor<8xf32>, %lr: tensor<f32>, %z: tensor<8xf32>) -> tensor<8xf32> attributes {mpt.kernel} {
    return %z : tensor<8xf32>
  }
  func.func private @zero_8(%z: tensor<8xf32>) -> tensor<8xf32> attributes {mpt.kernel} {
    %zero = arith.constant 0.0 : f32
    %0 = linalg.fill ins(%zero : f32) outs(%z : tensor<8xf32>) -> tensor<8xf32>
    return %0 : tensor<8xf32>
  }
}
// The kernel of a sum is one row and its own symbol.
// ONE: func.func private @sum_8({{.*}} attributes {mpt.kernel} {
// ONE: func.func private @sum_2({{.*}} attributes {mpt.kernel} {

//--- predict.mlir
// Micro-batches of an input are contiguous, those of an output aligned; a view
// of an argument that is returned is copied.
// PREDICT: mpt.arena @pp0
// PREDICT-SAME: kind = "input", name = "x", stride = 24 : i64
// PREDICT-SAME: kind = "output", name = "y", stride = 64 : i64
module {
  mpt.mesh <[], time ["micro"=3]>
  mpt.schedule "gpipe" attributes {stages = 1, micro = 3, place = array<i64: 0>} {
    mpt.actions attributes {pp = 0, peak = 8192} {
      mpt.run @s0_F {mb = 0, save = 0}
      mpt.run @s0_F {mb = 1, save = 0}
      mpt.run @s0_F {mb = 2, save = 0}
    }
  }
  // PREDICT-LABEL: func.func @s0_F(
  // PREDICT-DAG: %[[Y:.*]] = mpt.buffer %{{.*}}[%{{.*}}] {at = {{[0-9]+}} : i64, stride = 64 : i64} : {{.*}} -> memref<6xf32>
  // PREDICT-DAG: %[[X:.*]] = mpt.buffer %{{.*}}[%{{.*}}] {at = {{[0-9]+}} : i64, stride = 24 : i64} : {{.*}} -> memref<6xf32>
  // PREDICT: mpt.copy %[[X]] to %[[Y]] on "compute"
  func.func @s0_F(%x: tensor<2x3xf32> {mpt.input = "x"}) -> (tensor<6xf32> {mpt.output = "y"}) {
    %y = mpt.reshape %x : tensor<2x3xf32> -> tensor<6xf32>
    return %y : tensor<6xf32>
  }
}
