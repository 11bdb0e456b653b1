// RUN: mpt-opt %s --split-input-file --mpt-split-stages | FileCheck %s

// Inference: F only, one per stage; a value read two stages on goes there
// directly; a broadcast is cloned into its reader.
!x = tensor<8x4xf32, #mpt.s<[{"micro"=2,"dp"=2}, {}]>>
!w = tensor<4x4xf32, #mpt.s<[{}, {}]>>
!b = tensor<4xf32, #mpt.s<[{}]>>
module @skip {
  mpt.mesh <["pp"=3, "dp"=2], time ["micro"=2]>
  mpt.schedule_header "1f1b" {tasks = "F", stages = 3 : i64, micro = 2 : i64, place = array<i64: 0, 1, 2>}
  mpt.state @w : tensor<4x4xf32> {role = "parameter", trainable}
  mpt.state @b : tensor<4xf32> {role = "parameter", trainable}
  func.func @predict(%x: !x {mpt.input = "x"}) -> (!x {mpt.output = "y"}) {
    %w = mpt.read @w : !w
    %b = mpt.read @b : !b
    %0 = mpt.dot_general %x, %w contract [1] x [0] {id = 0, stage = 0} : !x, !w -> !x
    %c = mpt.broadcast %b {dims = [1], id = 1} : !b -> !x
    %1 = mpt.add %0, %c {id = 2, stage = 1} : !x
    %2 = mpt.mul %1, %0 {id = 3, stage = 2} : !x
    %3 = mpt.mul %2, %x {id = 4, stage = 2} : !x
    return %3 : !x
  }
}
// CHECK-LABEL: module @skip
// CHECK-NOT: mpt.replicas
// CHECK: mpt.transfer @h1 : [[X:tensor<4x4xf32, #mpt.s<.{"dp"=2}, {}.>>]] -> [[X]] {from = 0 : i64, mode = "move", task = "F", to = 1 : i64}
// CHECK: mpt.transfer @h2 : {{.*}} {from = 0 : i64, mode = "move", task = "F", to = 2 : i64}
// CHECK: mpt.transfer @h2.1 : {{.*}} {from = 1 : i64, mode = "move", task = "F", to = 2 : i64}
// CHECK-NOT: mpt.transfer
// CHECK: func.func @s0_F({{.*}} {mpt.state = @w}, %{{.*}}: [[X]] {mpt.input = "x"}) -> ([[X]] {mpt.send = @h1}, [[X]] {mpt.send = @h2})
// CHECK: return %[[P:.*]], %[[P]] :
// CHECK: func.func @s1_F({{.*}} {mpt.state = @b}, %{{.*}}: [[X]] {mpt.recv = @h1}) -> ([[X]] {mpt.send = @h2.1})
// CHECK: mpt.broadcast
// CHECK: func.func @s2_F(%[[A:.*]]: [[X]] {mpt.recv = @h2}, %[[B:.*]]: [[X]] {mpt.recv = @h2.1}, %[[IN:.*]]: [[X]] {mpt.input = "x"}) -> ([[X]] {mpt.output = "y"})
// CHECK: %[[M:.*]] = mpt.mul %[[B]], %[[A]]
// CHECK: mpt.mul %[[M]], %[[IN]]
// CHECK-NOT: func.func

// -----

// A mask that follows from constants is computed on each stage that reads it.
!x = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}]>>
!i = tensor<8x4xi64, #mpt.s<[{"micro"=2}, {}]>>
!m = tensor<8x4xi1, #mpt.s<[{"micro"=2}, {}]>>
module @mask {
  mpt.mesh <["pp"=2], time ["micro"=2]>
  mpt.schedule_header "1f1b" {tasks = "F", stages = 2 : i64, micro = 2 : i64, place = array<i64: 0, 1>}
  func.func @predict(%x: !x {mpt.input = "x"}) -> (!x {mpt.output = "y"}) {
    %i = mpt.iota {axis = 1, id = 0} : !i
    %n = mpt.constant {id = 1, value = 2} : !i
    %m = mpt.compare lt %i, %n {id = 2} : !i, !i -> !m
    %0 = mpt.neg %x {id = 3, stage = 0} : !x
    %1 = mpt.select %m, %0, %x {id = 4, stage = 0} : !m, !x, !x -> !x
    %2 = mpt.neg %1 {id = 5, stage = 1} : !x
    %3 = mpt.select %m, %2, %1 {id = 6, stage = 1} : !m, !x, !x -> !x
    return %3 : !x
  }
}
// CHECK-LABEL: module @mask
// CHECK-COUNT-1: mpt.transfer
// CHECK-NOT: mpt.transfer
// CHECK: func.func @s0_F
// CHECK: mpt.compare
// CHECK: func.func @s1_F
// CHECK: mpt.compare

// -----

// Training over three stages. Stage 0 is frozen: no B, no RS, but NORM and OPT
// (stop flag, metrics). %h of stage 0 is read by B of stage 2 only: received by
// F of stage 2 and saved there. %w1 lies on stages 1 and 2 behind a transpose,
// which is cloned; its gradient has one summand per use, the one of stage 2 goes
// back to the first use. Two cotangents of %a from stage 2 cross as one.
!x = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}]>>
!w = tensor<4x4xf32, #mpt.s<[{}, {}]>>
!wp = tensor<4x4xf32, #mpt.s<[{}, {}], partial = [sum{"micro"=2}]>>
!s = tensor<f32, #mpt.s<[]>>
!sp = tensor<f32, #mpt.s<[], partial = [sum{"micro"=2}]>>
!n = tensor<i64, #mpt.s<[]>>
!y = tensor<i1, #mpt.s<[]>>
!t = tensor<3xf32, #mpt.s<[{}]>>
!t1 = tensor<1xf32, #mpt.s<[{}]>>
module @frozen {
  mpt.mesh <["pp"=3], time ["micro"=2]>
  mpt.schedule_header "1f1b" {tasks = "F B", stages = 3 : i64, micro = 2 : i64, place = array<i64: 0, 1, 2>}
  mpt.state @w0 : tensor<4x4xf32> {role = "parameter"}
  mpt.state @w1 : tensor<4x4xf32> {role = "parameter", trainable}
  mpt.state @step.lr : tensor<f32> {role = "counter"}
  mpt.state @step.count : tensor<i64> {role = "counter"}
  mpt.state @step.stop : tensor<f32> {role = "counter"}
  func.func @step(%x: !x {mpt.input = "x"}) -> (!t {mpt.metric = "totals"}, !s {mpt.metric = "grad_norm"}) {
    %w0 = mpt.read @w0 : !w
    %w1 = mpt.read @w1 : !w
    %lr = mpt.read @step.lr : !s
    %n = mpt.read @step.count : !n
    %stop = mpt.read @step.stop : !s
    %h = mpt.dot_general %x, %w0 contract [1] x [0] {id = 0, stage = 0} : !x, !w -> !x
    %wt = mpt.transpose %w1 {perm = [1, 0], id = 1, stage = 1} : !w
    %a = mpt.dot_general %h, %wt contract [1] x [0] {id = 2, stage = 1} : !x, !w -> !x
    %b = mpt.dot_general %a, %wt contract [1] x [0] {id = 3, stage = 2} : !x, !w -> !x
    %c = mpt.mul %b, %a {id = 4, stage = 2} : !x
    %ls = mpt.reduce sum %c {axes = [0, 1], id = 5, stage = 2} : !x -> !sp
    %k = mpt.constant {value = 0.5 : f32, id = 6} : !s
    %loss = mpt.mul %ls, %k {id = 7, stage = 2} : !sp, !s -> !sp
    %dc = mpt.broadcast %k {dims = [], id = 8, adjoint_of = 5} : !s -> !x
    %db = mpt.mul %dc, %a {id = 9, adjoint_of = 4} : !x
    %da.0 = mpt.mul %dc, %b {id = 10, adjoint_of = 4} : !x
    %da.1 = mpt.dot_general %db, %wt contract [1] x [1] {id = 11, adjoint_of = 3} : !x, !w -> !x
    %dwt.1 = mpt.dot_general %a, %db contract [0] x [0] {id = 12, adjoint_of = 3} : !x, !x -> !wp
    %da = mpt.sum %da.0, %da.1 {id = 13} : !x
    %dwt.0 = mpt.dot_general %h, %da contract [0] x [0] {id = 14, adjoint_of = 2} : !x, !x -> !wp
    %dwt = mpt.sum %dwt.1, %dwt.0 {id = 15} : !wp
    %dw = mpt.transpose %dwt {perm = [1, 0], id = 16, adjoint_of = 1} : !wp
    %g = mpt.reshard %dw {adjoint_of = 1} : !wp -> !w
    %q = mpt.sum_squares %g {id = 17} : !w -> !s
    %tot = mpt.totals %loss, %stop, %q {id = 18, names = ["loss", "stop", "w1"]} : !sp, !s, !s -> !t
    %sq = mpt.slice %tot {start = [2], limit = [3], id = 23} : !t -> !t1
    %sum = mpt.reduce sum %sq {axes = [0], id = 24} : !t1 -> !s
    %ok = mpt.is_finite %sum {id = 19} : !s -> !y
    %norm = mpt.sqrt %sum {id = 20} : !s
    %one = mpt.constant {value = 1.0 : f32, id = 21} : !s
    %w1.1 = mpt.opt_update sgd %w1, %g, %one, %lr, %n, %ok {id = 22} : !w, !w, !s, !s, !n, !y -> !w
    mpt.write @w1, %w1.1 : !w
    return %tot, %norm : !t, !s
  }
}
// CHECK-LABEL: module @frozen
// CHECK: mpt.replicas @w1 {among = array<i64: 1, 2>, count = 1 : i64}
// CHECK: mpt.transfer @h1 :
// CHECK: mpt.transfer @h2 :
// CHECK: mpt.transfer @dh2 : {{.*}} {from = 2 : i64, mode = "move", task = "B", to = 1 : i64}
// CHECK: mpt.transfer @dh2.1 : {{.*}} {from = 2 : i64, mode = "move", task = "B", to = 1 : i64}
// CHECK: mpt.transfer @w1.tie : {{.*}} {among = array<i64: 1, 2>, mode = "sum", of = @w1, task = "acc"}
// CHECK: mpt.transfer @totals : {{.*}} {among = array<i64: 0, 1, 2>, mode = "sum", task = "NORM"}
// CHECK-NOT: mpt.transfer
// CHECK: func.func @s0_F({{.*}} {mpt.state = @w0}, {{.*}} {mpt.input = "x"}) -> ({{.*}} {mpt.send = @h1}) {
// CHECK: func.func @s1_F({{.*}} {mpt.state = @w1}, {{.*}} {mpt.recv = @h1}) -> ({{.*}} {mpt.send = @h2}, {{.*}} {mpt.save = "h1"}) {
// CHECK: mpt.transpose
// CHECK: func.func @s2_F({{.*}} {mpt.state = @w1}, {{.*}} {mpt.recv = @h2}, {{.*}} {mpt.acc = "loss"}) -> ({{.*}} {mpt.acc = "loss"}, {{.*}} {mpt.save = "h2"}, {{.*}} {mpt.save = "v3"}) {
// CHECK: mpt.transpose
// CHECK: func.func @s2_B({{.*}} {mpt.state = @w1}, {{.*}} {mpt.save = "h2"}, {{.*}} {mpt.save = "v3"}) -> ({{.*}} {mpt.send = @dh2}, {{.*}} {mpt.send = @dh2.1}) {
// CHECK: mpt.transpose
// CHECK: %[[D:.*]] = mpt.dot_general {{.*}} id = 12
// CHECK: %[[S:.*]] = mpt.sum {{.*}} {id = 13}
// CHECK: return %[[D]], %[[S]]
// CHECK: func.func @s1_B(%[[H:.*]]: {{.*}} {mpt.save = "h1"}, %[[R:.*]]: {{.*}} {mpt.recv = @dh2}, %[[R1:.*]]: {{.*}} {mpt.recv = @dh2.1}, {{.*}} {mpt.acc = @w1}) -> ({{.*}} {mpt.acc = @w1}) {
// CHECK: %[[D:.*]] = mpt.dot_general %[[H]], %[[R1]]
// CHECK: mpt.sum %[[R]], %[[D]]
// CHECK: mpt.transpose
// CHECK: mpt.accumulate
// CHECK: mpt.point 0
// CHECK-NOT: @s0_B
// CHECK-NOT: @s0_RS
// CHECK: func.func @s0_NORM({{.*}} {mpt.state = @step.stop})
// CHECK: mpt.totals {{.*}} {at = [1],
// CHECK: func.func @s0_OPT({{.*}} {mpt.recv = @totals}) -> ({{.*}} {mpt.metric = "grad_norm"})
// CHECK: func.func @s1_RS(%[[G:.*]]: {{.*}} {mpt.recv = @w1.tie}) -> ({{.*}} {mpt.grad = @w1}) {
// CHECK-NEXT: return %[[G]]
// CHECK: func.func @s1_NORM(
// CHECK: mpt.totals {{.*}} {at = [1, 2],
// CHECK: func.func @s2_NORM(
// CHECK-NOT: mpt.sum_squares
// CHECK: mpt.totals {{.*}} {at = [0, 1],
// CHECK: func.func @s2_OPT({{.*}} {mpt.recv = @totals}, {{.*}} {mpt.state = @w1}, {{.*}} {mpt.grad = @w1}, {{.*}}) -> ({{.*}} {mpt.state = @w1}, {{.*}} {mpt.acc = @w1}, {{.*}} {mpt.acc = "loss"}, {{.*}} {mpt.metric = "grad_norm"})

// -----

// Marked for recomputing: not saved, computed again at the head of B from what
// is. Cotangents of a value read on stages 2 (twice) and 1: those of stage 2 are
// added there, that sum on stage 1, so that one value reaches stage 0. The gradient of %w0 has two summands
// on one stage: two accumulates, in order of use.
!x = tensor<4x4xf32, #mpt.s<[{"micro"=1}, {}]>>
!w = tensor<4x4xf32, #mpt.s<[{}, {}]>>
!wp = tensor<4x4xf32, #mpt.s<[{}, {}], partial = [sum{"micro"=1}]>>
!s = tensor<f32, #mpt.s<[]>>
!sp = tensor<f32, #mpt.s<[], partial = [sum{"micro"=1}]>>
!n = tensor<i64, #mpt.s<[]>>
!y = tensor<i1, #mpt.s<[]>>
!t = tensor<3xf32, #mpt.s<[{}]>>
!t1 = tensor<1xf32, #mpt.s<[{}]>>
module @sums {
  mpt.mesh <["pp"=3], time ["micro"=1]>
  mpt.schedule_header "1f1b" {tasks = "F B", stages = 3 : i64, micro = 1 : i64, place = array<i64: 0, 1, 2>}
  mpt.state @w0 : tensor<4x4xf32> {role = "parameter", trainable}
  mpt.state @step.lr : tensor<f32> {role = "counter"}
  mpt.state @step.count : tensor<i64> {role = "counter"}
  mpt.state @step.stop : tensor<f32> {role = "counter"}
  func.func @step(%x: !x {mpt.input = "x"}) -> (!t {mpt.metric = "totals"}, !s {mpt.metric = "grad_norm"}) {
    %w0 = mpt.read @w0 : !w
    %lr = mpt.read @step.lr : !s
    %n = mpt.read @step.count : !n
    %stop = mpt.read @step.stop : !s
    %p = mpt.dot_general %x, %w0 contract [1] x [0] {id = 0, stage = 0} : !x, !w -> !x
    %e = mpt.exp %p {id = 1, stage = 0, recompute} : !x
    %h = mpt.dot_general %e, %w0 contract [1] x [0] {id = 2, stage = 0} : !x, !w -> !x
    %u = mpt.neg %h {id = 3, stage = 1} : !x
    %v = mpt.mul %u, %h {id = 4, stage = 2} : !x
    %z = mpt.mul %v, %h {id = 5, stage = 2} : !x
    %ls = mpt.reduce sum %z {axes = [0, 1], id = 6, stage = 2} : !x -> !sp
    %k = mpt.constant {value = 0.5 : f32, id = 7} : !s
    %dz = mpt.broadcast %k {dims = [], id = 8, adjoint_of = 6} : !s -> !x
    %dv = mpt.mul %dz, %h {id = 25, adjoint_of = 5} : !x
    %dh.0 = mpt.mul %dz, %v {id = 26, adjoint_of = 5} : !x
    %du = mpt.mul %dv, %h {id = 9, adjoint_of = 4} : !x
    %dh.1 = mpt.mul %dv, %u {id = 10, adjoint_of = 4} : !x
    %dh.2 = mpt.neg %du {id = 11, adjoint_of = 3} : !x
    %dh = mpt.sum %dh.0, %dh.1, %dh.2 {id = 12} : !x
    %de = mpt.dot_general %dh, %w0 contract [1] x [1] {id = 13, adjoint_of = 2} : !x, !w -> !x
    %dw.1 = mpt.dot_general %e, %dh contract [0] x [0] {id = 14, adjoint_of = 2} : !x, !x -> !wp
    %dp = mpt.mul %de, %e {id = 15, adjoint_of = 1} : !x
    %dw.0 = mpt.dot_general %x, %dp contract [0] x [0] {id = 16, adjoint_of = 0} : !x, !x -> !wp
    %dw = mpt.sum %dw.1, %dw.0 {id = 17} : !wp
    %g = mpt.reshard %dw : !wp -> !w
    %q = mpt.sum_squares %g {id = 18} : !w -> !s
    %tot = mpt.totals %ls, %stop, %q {id = 19, names = ["loss", "stop", "w0"]} : !sp, !s, !s -> !t
    %sq = mpt.slice %tot {start = [2], limit = [3], id = 20} : !t -> !t1
    %sum = mpt.reduce sum %sq {axes = [0], id = 21} : !t1 -> !s
    %ok = mpt.is_finite %sum {id = 22} : !s -> !y
    %one = mpt.constant {value = 1.0 : f32, id = 23} : !s
    %w0.1 = mpt.opt_update sgd %w0, %g, %one, %lr, %n, %ok {id = 24} : !w, !w, !s, !s, !n, !y -> !w
    mpt.write @w0, %w0.1 : !w
    return %tot, %sum : !t, !s
  }
}
// CHECK-LABEL: module @sums
// CHECK: mpt.transfer @h1 :
// CHECK: mpt.transfer @h2 : {{.*}} {from = 0 :
// CHECK: mpt.transfer @h2.1 : {{.*}} {from = 1 :
// CHECK: mpt.transfer @dh1 : {{.*}} {from = 1 : i64, mode = "move", task = "B", to = 0 : i64}
// CHECK: mpt.transfer @dh2 : {{.*}} {from = 2 : i64, mode = "move", task = "B", to = 1 : i64}
// CHECK: mpt.transfer @dh2.1 : {{.*}} {from = 2 : i64, mode = "move", task = "B", to = 1 : i64}
// CHECK-NOT: mpt.transfer @dh
// CHECK: func.func @s0_F({{.*}} -> ({{.*}} {mpt.send = @h1}, {{.*}} {mpt.send = @h2}, {{.*}} {mpt.save = "v0"}) {
// CHECK: mpt.exp %{{.*}} {id = 1, stage = 0} :
// CHECK: func.func @s1_F({{.*}} {mpt.recv = @h1}) -> ({{.*}} {mpt.send = @h2.1}) {
// CHECK: func.func @s2_F({{.*}} {mpt.recv = @h2}, {{.*}} {mpt.recv = @h2.1}, {{.*}} -> ({{.*}} {mpt.acc = "loss"}, {{.*}} {mpt.save = "h2"}, {{.*}} {mpt.save = "h2.1"}, {{.*}} {mpt.save = "v4"}) {
// CHECK: func.func @s2_B(
// CHECK: %[[DH0:.*]] = mpt.mul {{.*}} id = 26
// CHECK: %[[DU:.*]] = mpt.mul {{.*}} id = 9
// CHECK: %[[DH1:.*]] = mpt.mul {{.*}} id = 10
// CHECK: %[[DH:.*]] = mpt.sum %[[DH0]], %[[DH1]] {id = 12}
// CHECK: return %[[DU]], %[[DH]] :
// CHECK: func.func @s1_B(%[[R:.*]]: {{.*}} {mpt.recv = @dh2}, %[[R1:.*]]: {{.*}} {mpt.recv = @dh2.1}) -> ({{.*}} {mpt.send = @dh1}) {
// CHECK: %[[N:.*]] = mpt.neg %[[R]]
// CHECK: %[[SUM:.*]] = mpt.sum %[[N]], %[[R1]] {id = 12}
// CHECK: return %[[SUM]]
// CHECK: func.func @s0_B({{.*}} {mpt.state = @w0}, %[[P:.*]]: {{.*}} {mpt.save = "v0"}, {{.*}} {mpt.input = "x"}, {{.*}} {mpt.recv = @dh1}, %[[ACC:.*]]: {{.*}} {mpt.acc = @w0})
// CHECK: mpt.exp %[[P]] {id = 1, recompute, stage = 0}
// CHECK: %[[W1:.*]] = mpt.dot_general {{.*}} id = 14
// CHECK: %[[A1:.*]] = mpt.accumulate %[[ACC]], %[[W1]]
// CHECK: mpt.point 0
// CHECK: %[[W0:.*]] = mpt.dot_general {{.*}} id = 16
// CHECK: %[[A0:.*]] = mpt.accumulate %[[A1]], %[[W0]]
// CHECK: mpt.point 1
// CHECK: return %[[A0]] :
