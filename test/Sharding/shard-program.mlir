// RUN: mpt-opt %s --split-input-file --mpt-shard --verify-roundtrip | FileCheck %s

// Partial sums over one axis add up before one reduction (q, k, v of an
// attention block); a bias is added after it. What is whole is cut for nothing
// where it meets what is cut.
!X = tensor<4x8xf32>
!W = tensor<8x8xf32>
// CHECK-LABEL: module @sums
module @sums {
  mpt.mesh <["tp"=2], time ["micro"=2]>
  mpt.state @a : !W {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{}, {"tp"=2}]>>}
  mpt.state @b : !W {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{"tp"=2}, {}]>>}
  mpt.state @v : tensor<8xf32> {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{}]>>}
  func.func @predict(%x.u: !X {mpt.input = "x"}) -> (!X {mpt.output = "y"}) {
    %x = mpt.constrain %x.u {to = #mpt.s<[{"micro"=2}, {}]>} : !X
    %a = mpt.read @a : !W
    %b = mpt.read @b : !W
    %v = mpt.read @v : tensor<8xf32>
    // CHECK: [[E:%.*]] = mpt.dot_general {{.*}} {id = 0, stage = 0} {{.*}} -> tensor<4x8xf32, #mpt.s<[{"micro"=2}, {"tp"=2}]>>
    %e = mpt.dot_general %x, %a contract [1] x [0] {id = 0, stage = 0} : !X, !W -> !X
    // CHECK: [[P:%.*]] = mpt.dot_general {{.*}} -> tensor<4x8xf32, #mpt.s<[{"micro"=2}, {}], partial = [sum{"tp"=2}]>>
    // CHECK-NEXT: [[Q:%.*]] = mpt.dot_general
    // CHECK-NEXT: [[N:%.*]] = mpt.neg [[Q]]
    // CHECK-NEXT: [[S:%.*]] = mpt.add [[P]], [[N]]
    // CHECK-NEXT: [[R:%.*]] = mpt.reshard [[S]] {stage = 0} : {{.*}}, partial = [sum{"tp"=2}]>> -> tensor<4x8xf32, #mpt.s<[{"micro"=2}, {}]>>
    // CHECK-NEXT: mpt.broadcast
    // CHECK-NEXT: [[Y:%.*]] = mpt.add [[R]]
    %p = mpt.dot_general %e, %b contract [1] x [0] {id = 1, stage = 0} : !X, !W -> !X
    %q = mpt.dot_general %e, %b contract [1] x [0] {id = 2, stage = 0} : !X, !W -> !X
    %n = mpt.neg %q {id = 3, stage = 0} : !X
    %s = mpt.add %p, %n {id = 4, stage = 0} : !X
    %c = mpt.broadcast %v {dims = [1], id = 5} : tensor<8xf32> -> !X
    %y = mpt.add %s, %c {id = 6, stage = 0} : !X
    // CHECK-NEXT: [[T:%.*]] = mpt.reshard [[Y]] {stage = 0} : tensor<4x8xf32, #mpt.s<[{"micro"=2}, {}]>> -> tensor<4x8xf32, #mpt.s<[{"micro"=2}, {"tp"=2}]>>
    // CHECK-NEXT: mpt.mul [[T]], [[E]]
    %z = mpt.mul %y, %e {id = 7, stage = 0} : !X
    return %z : !X
  }
}

// -----

// A dim that must be whole is gathered once for all its users, a maximum over a
// cut dim is taken at once, and no partial sum crosses to another stage.
!X = tensor<4x8xf32>
!W = tensor<8x8xf32>
!R = tensor<4xf32>
// CHECK-LABEL: module @whole
module @whole {
  mpt.mesh <["tp"=2, "pp"=2], time ["micro"=2]>
  mpt.state @a : !W {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{}, {"tp"=2}]>>}
  func.func @predict(%x.u: !X {mpt.input = "x"}) -> (!X {mpt.output = "y"}, !R {mpt.output = "m"}) {
    %x = mpt.constrain %x.u {to = #mpt.s<[{"micro"=2}, {}]>} : !X
    %a = mpt.read @a : !W
    %e = mpt.dot_general %x, %a contract [1] x [0] {id = 0, stage = 0} : !X, !W -> !X
    // CHECK: [[G:%.*]] = mpt.reshard {{.*}} {stage = 0} : tensor<4x8xf32, #mpt.s<[{"micro"=2}, {"tp"=2}]>> -> tensor<4x8xf32, #mpt.s<[{"micro"=2}, {}]>>
    // CHECK-NEXT: mpt.softmax [[G]]
    %s = mpt.softmax %e {axis = 1, id = 1, stage = 0} : !X
    // CHECK-NEXT: mpt.log_softmax [[G]]
    %l = mpt.log_softmax %e {axis = 1, id = 2, stage = 0} : !X
    // CHECK-NEXT: [[M:%.*]] = mpt.reduce max {{.*}} partial = [max{"tp"=2}]
    // CHECK-NEXT: [[R:%.*]] = mpt.reshard [[M]] {stage = 0}
    // CHECK-NEXT: mpt.exp [[R]]
    %m = mpt.reduce max %e {axes = [1], id = 3, stage = 0} : !X -> !R
    %n = mpt.exp %m {id = 4, stage = 0} : !R
    // CHECK-NEXT: [[S:%.*]] = mpt.reduce sum {{.*}} partial = [sum{"tp"=2}]
    // CHECK-NEXT: mpt.reshard [[S]] {stage = 0}
    // CHECK-NEXT: mpt.add
    %t = mpt.reduce sum %e {axes = [1], id = 5, stage = 0} : !X -> !R
    %u = mpt.add %t, %t {id = 6, stage = 1} : !R
    %v = mpt.add %u, %n {id = 7, stage = 1} : !R
    %w = mpt.add %s, %l {id = 8, stage = 1} : !X
    return %w, %v : !X, !R
  }
}

// -----

// No conflict: what is cut stays cut, whole operands are sliced. Conflicts (one
// axis on two dims): what moves the fewest bytes, the small weight or the small
// activation.
!W = tensor<4x1024xf32>
!U = tensor<1024x4xf32>
!V = tensor<4x4096xf32>
// CHECK-LABEL: module @conflict
module @conflict {
  mpt.mesh <["tp"=2], time ["micro"=1]>
  mpt.state @w : !W {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{"tp"=2}, {}]>>}
  mpt.state @u : !U {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{}, {"tp"=2}]>>}
  mpt.state @v : !V {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{}, {"tp"=2}]>>}
  func.func @predict(%x.u: tensor<64x4xf32> {mpt.input = "x"}) -> (tensor<64x4xf32> {mpt.output = "y"}, tensor<64x4096xf32> {mpt.output = "z"}) {
    %x = mpt.constrain %x.u {to = #mpt.s<[{"micro"=1}, {}]>} : tensor<64x4xf32>
    %w = mpt.read @w : !W
    // CHECK: [[U:%.*]] = mpt.read @u
    %u = mpt.read @u : !U
    %v = mpt.read @v : !V
    // CHECK: [[X:%.*]] = mpt.reshard %arg0 {{.*}} -> tensor<64x4xf32, #mpt.s<[{"micro"=1}, {"tp"=2}]>>
    // CHECK-NEXT: [[Y:%.*]] = mpt.dot_general [[X]]
    // CHECK-NEXT: [[C:%.*]] = mpt.reshard [[Y]] {{.*}}, partial = [sum{"tp"=2}]>> -> tensor<64x1024xf32, #mpt.s<[{"micro"=1}, {"tp"=2}]>>
    %y = mpt.dot_general %x, %w contract [1] x [0] {id = 0, stage = 0} : tensor<64x4xf32>, !W -> tensor<64x1024xf32>
    %c = mpt.constrain %y {to = #mpt.s<[{"micro"=1}, {"tp"=2}]>} : tensor<64x1024xf32>
    // CHECK-NEXT: [[M:%.*]] = mpt.reshard [[U]] {{.*}} -> tensor<1024x4xf32, #mpt.s<[{"tp"=2}, {}]>>
    // CHECK-NEXT: [[D:%.*]] = mpt.dot_general [[C]], [[M]]
    // CHECK-NEXT: mpt.reshard [[D]] {{.*}} -> tensor<64x4xf32, #mpt.s<[{"micro"=1}, {"tp"=2}]>>
    %d = mpt.dot_general %c, %u contract [1] x [0] {id = 1, stage = 0} : tensor<64x1024xf32>, !U -> tensor<64x4xf32>
    // CHECK-NEXT: mpt.exp
    %e = mpt.constrain %d {to = #mpt.s<[{"micro"=1}, {"tp"=2}]>} : tensor<64x4xf32>
    %f = mpt.exp %e {id = 2, stage = 0} : tensor<64x4xf32>
    // CHECK-NEXT: [[G:%.*]] = mpt.reshard {{.*}} -> tensor<64x4xf32, #mpt.s<[{"micro"=1}, {}]>>
    // CHECK-NEXT: mpt.dot_general [[G]]
    %z = mpt.dot_general %f, %v contract [1] x [0] {id = 3, stage = 0} : tensor<64x4xf32>, !V -> tensor<64x4096xf32>
    return %f, %z : tensor<64x4xf32>, tensor<64x4096xf32>
  }
}

// -----

// Free ops take the form of each user; what they cannot make is cut afterwards. A
// reshape keeps a cut whose blocks stay blocks (4 heads of 2) and gathers others.
!X = tensor<4x8xf32>
// CHECK-LABEL: module @free
module @free {
  mpt.mesh <["tp"=2], time ["micro"=2]>
  mpt.state @a : tensor<8x8xf32> {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{}, {"tp"=2}]>>}
  func.func @predict(%x.u: !X {mpt.input = "x"}) -> (tensor<4x4x2xf32> {mpt.output = "y"}, !X {mpt.output = "z"}) {
    %x = mpt.constrain %x.u {to = #mpt.s<[{"micro"=2}, {}]>} : !X
    %a = mpt.read @a : tensor<8x8xf32>
    // CHECK: [[C1:%.*]] = mpt.constant {{.*}} : tensor<4x8xf32, #mpt.s<[{"micro"=2}, {"tp"=2}]>>
    // CHECK-NEXT: [[C2:%.*]] = mpt.constant {{.*}} : tensor<4x8xf32, #mpt.s<[{"micro"=2}, {}]>>
    %c = mpt.constant {value = 2.0 : f32, id = 0} : !X
    // CHECK-NEXT: [[I:%.*]] = mpt.iota {{.*}} : tensor<4x8xf32, #mpt.s<[{"micro"=2}, {}]>>
    // CHECK-NEXT: [[J:%.*]] = mpt.reshard [[I]] {{.*}} -> tensor<4x8xf32, #mpt.s<[{"micro"=2}, {"tp"=2}]>>
    %i = mpt.iota {axis = 1, id = 1} : !X
    %e = mpt.dot_general %x, %a contract [1] x [0] {id = 2, stage = 0} : !X, tensor<8x8xf32> -> !X
    // CHECK: mpt.mul {{.*}}, [[C1]]
    %f = mpt.mul %e, %c {id = 3, stage = 0} : !X
    // CHECK-NEXT: mpt.add {{.*}}, [[J]]
    %g = mpt.add %f, %i {id = 4, stage = 0} : !X
    // CHECK-NEXT: mpt.mul %arg0, [[C2]]
    %z = mpt.mul %x, %c {id = 5, stage = 0} : !X
    // CHECK-NEXT: mpt.reshape {{.*}} -> tensor<4x4x2xf32, #mpt.s<[{"micro"=2}, {"tp"=2}, {}]>>
    %h = mpt.reshape %g {id = 6, stage = 0} : !X -> tensor<4x4x2xf32>
    // CHECK-NEXT: [[T:%.*]] = mpt.transpose {{.*}} -> tensor<4x2x4xf32, #mpt.s<[{"micro"=2}, {}, {"tp"=2}]>>
    %t = mpt.transpose %h {perm = [0, 2, 1], id = 7, stage = 0} : tensor<4x4x2xf32> -> tensor<4x2x4xf32>
    // CHECK-NEXT: [[U:%.*]] = mpt.reshard [[T]] {{.*}} -> tensor<4x2x4xf32, #mpt.s<[{"micro"=2}, {}, {}]>>
    // CHECK-NEXT: mpt.reshape [[U]]
    %r = mpt.reshape %t {id = 8, stage = 0} : tensor<4x2x4xf32> -> !X
    %s = mpt.add %r, %z {id = 9, stage = 0} : !X
    return %h, %s : tensor<4x4x2xf32>, !X
  }
}

// -----

// A parameter stored cut over dp: gathered where it is used, its gradient's sum
// over the batch scattered to where its update is. 10 classes over tp=4.
!X = tensor<6x8xf32>
!W = tensor<8x10xf32>
!Z = tensor<6x10xf32>
!S = tensor<f32>
// CHECK-LABEL: module @sharded_update
module @sharded_update {
  mpt.mesh <["dp"=2, "tp"=4], time ["micro"=3]>
  mpt.state @w : !W {role = "parameter", trainable, storage = #mpt.storage<f32, #mpt.s<[{"dp"=2}, {"tp"=4}]>>}
  mpt.state @m : !W {role = "optimizer", of = @w}
  mpt.state @lr : !S {role = "counter"}
  mpt.state @n : tensor<i64> {role = "counter"}
  func.func @step(%x.u: !X {mpt.input = "x"}) -> (tensor<1xf32> {mpt.metric = "totals"}) {
    %x = mpt.constrain %x.u {to = #mpt.s<[{"micro"=3,"dp"=2}, {}]>} : !X
    // CHECK: [[W:%.*]] = mpt.read @w
    %w = mpt.read @w : !W
    // CHECK: mpt.read @m : tensor<8x10xf32, #mpt.s<[{"dp"=2}, {"tp"=4}]>>
    %m = mpt.read @m : !W
    %lr = mpt.read @lr : !S
    %n = mpt.read @n : tensor<i64>
    // CHECK: [[U:%.*]] = mpt.reshard [[W]] {stage = 0} : {{.*}} -> tensor<8x10xf32, #mpt.s<[{}, {"tp"=4}]>>
    // CHECK-NEXT: [[Z:%.*]] = mpt.dot_general %arg0, [[U]] {{.*}} -> tensor<6x10xf32, #mpt.s<[{"micro"=3,"dp"=2}, {"tp"=4}]>>
    %z = mpt.dot_general %x, %w contract [1] x [0] {id = 0, stage = 0} : !X, !W -> !Z
    // CHECK-NEXT: [[D:%.*]] = mpt.dot_general %arg0, [[Z]] {{.*}} -> tensor<8x10xf32, #mpt.s<[{}, {"tp"=4}], partial = [sum{"micro"=3,"dp"=2}]>>
    %d = mpt.dot_general %x, %z contract [0] x [0] {id = 1, adjoint_of = 0} : !X, !Z -> !W
    // CHECK-NEXT: [[G:%.*]] = mpt.reshard [[D]] : {{.*}} -> tensor<8x10xf32, #mpt.s<[{"dp"=2}, {"tp"=4}]>>
    // CHECK-NEXT: mpt.sum_squares [[G]] {{.*}} -> tensor<f32, #mpt.s<[], partial = [sum{"dp"=2,"tp"=4}]>>
    %q = mpt.sum_squares %d : !W -> !S
    %tot = mpt.totals %q {names = ["w"]} : !S -> tensor<1xf32>
    %r = mpt.reduce sum %tot {axes = [0]} : tensor<1xf32> -> !S
    %ok = mpt.is_finite %r : !S -> tensor<i1>
    // CHECK: mpt.opt_update momentum [[W]], [[G]]
    %w1, %m1 = mpt.opt_update momentum %w, %d, %m, %r, %lr, %n, %ok {momentum = 0.9} : !W, !W, !W, !S, !S, tensor<i64>, tensor<i1> -> !W, !W
    mpt.write @w, %w1 : !W
    mpt.write @m, %m1 : !W
    return %tot : tensor<1xf32>
  }
}

// -----

// What follows from constants alone (a causal mask, the same for every sample)
// is computed per form that its users want, with the batch cut; a table that is
// looked up once per sample, too: its rows are those of one micro-batch, and
// its op is not run over the whole batch.
!X = tensor<4x8xf32>
!I = tensor<4x8xi64>
!M = tensor<4x8xi1>
// CHECK-LABEL: module @constants
module @constants {
  mpt.mesh <["dp"=2], time ["micro"=2]>
  mpt.state @table : tensor<16xf32> {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{}]>>}
  func.func @predict(%x.u: !X {mpt.input = "x"}) -> (!X {mpt.output = "y"}) {
    %x = mpt.constrain %x.u {to = #mpt.s<[{"micro"=2,"dp"=2}, {}]>} : !X
    %t = mpt.read @table : tensor<16xf32>
    // CHECK: mpt.iota {axis = 1, id = 0} : tensor<4x8xi64, #mpt.s<[{"micro"=2,"dp"=2}, {}]>>
    // CHECK: mpt.compare lt {{.*}} {id = 2} {{.*}} -> tensor<4x8xi1, #mpt.s<[{"micro"=2,"dp"=2}, {}]>>
    // CHECK: mpt.take {{.*}} {axis = 0, id = 3, stage = 0} {{.*}} tensor<4x8xi64, #mpt.s<[{"micro"=2,"dp"=2}, {}]>> -> tensor<4x8xf32, #mpt.s<[{"micro"=2,"dp"=2}, {}]>>
    // CHECK: mpt.select {{.*}}tensor<4x8xi1, #mpt.s<[{"micro"=2,"dp"=2}, {}]>>
    // CHECK-NOT: mpt.reshard
    %i = mpt.iota {axis = 1, id = 0} : !I
    %n = mpt.constant {id = 1, value = 5} : !I
    %m = mpt.compare lt %i, %n {id = 2} : !I, !I -> !M
    %p = mpt.take %t, %i {axis = 0, id = 3, stage = 0} : tensor<16xf32>, !I -> !X
    %y = mpt.add %x, %p {id = 4, stage = 0} : !X
    %z = mpt.select %m, %y, %x {id = 5, stage = 0} : !M, !X, !X -> !X
    return %z : !X
  }
}

// -----

// A sum over the batch of what follows from inputs alone is known before the
// first micro-batch, whatever ops compute it: the loss may be divided by it.
// CHECK-LABEL: module @weight
module @weight {
  mpt.mesh <[], time ["micro"=2]>
  mpt.state @w : tensor<8xf32> {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{}]>>}
  func.func @step(%x.u: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<1xf32> {mpt.metric = "totals"}) {
    %x = mpt.constrain %x.u {to = #mpt.s<[{"micro"=2}, {}]>} : tensor<4x8xf32>
    %w = mpt.read @w : tensor<8xf32>
    %b = mpt.broadcast %w {dims = [1], id = 0} : tensor<8xf32> -> tensor<4x8xf32>
    %y = mpt.mul %x, %b {id = 1, stage = 0} : tensor<4x8xf32>
    %s = mpt.reduce sum %y {axes = [0, 1], id = 2, stage = 0} : tensor<4x8xf32> -> tensor<f32>
    // CHECK: [[N:%.*]] = mpt.reduce sum {{.*}} {axes = [0, 1], id = 3} {{.*}} -> tensor<f32, #mpt.s<[], partial = [sum{"micro"=2}]>>
    // CHECK: [[W:%.*]] = mpt.reshard [[N]]
    // CHECK: mpt.div {{.*}}, [[W]] {id = 4, stage = 0} : tensor<f32, #mpt.s<[], partial = [sum{"micro"=2}]>>, tensor<f32, #mpt.s<[]>>
    %n = mpt.reduce sum %x {axes = [0, 1], id = 3} : tensor<4x8xf32> -> tensor<f32>
    %l = mpt.div %s, %n {id = 4, stage = 0} : tensor<f32>
    %t = mpt.totals %l {id = 5, names = ["loss"]} : tensor<f32> -> tensor<1xf32>
    return %t : tensor<1xf32>
  }
}
