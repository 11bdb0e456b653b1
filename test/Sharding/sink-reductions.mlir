// RUN: mpt-opt %s --mpt-sink-reductions --split-input-file --verify-roundtrip | FileCheck %s

!X = tensor<8x4xf32, #mpt.s<[{"micro"=1}, {}]>>
!P = tensor<8x4xf32, #mpt.s<[{"micro"=1}, {}], partial = [sum{"tp"=2}]>>

// Cotangents of q, k, v and of the residual: the whole one is masked, one
// reduction is left.
// CHECK-LABEL: func.func @cotangents
func.func @cotangents(%q: !P, %k: !P, %v: !P, %x: !X) -> !X {
  %y = mpt.tanh %x {id = 0, stage = 0} : !X
  // CHECK: %[[Y:.*]] = mpt.tanh %arg3
  // CHECK: %[[M:.*]] = mpt.reshard %[[Y]] : tensor<{{.*}}, {}]>> -> tensor<{{.*}}partial = [sum{"tp"=2}]>>
  // CHECK-NEXT: %[[S:.*]] = mpt.sum %{{.*}}, %{{.*}}, %{{.*}}, %[[M]] : tensor<{{.*}}partial = [sum{"tp"=2}]>>
  // CHECK-NEXT: %[[R:.*]] = mpt.reshard %[[S]]
  // CHECK-NEXT: return %[[R]]
  %dq = mpt.neg %q {id = 1, stage = 0} : !P
  %rq = mpt.reshard %dq {stage = 0} : !P -> !X
  %dk = mpt.neg %k {id = 2, stage = 0} : !P
  %rk = mpt.reshard %dk {stage = 0} : !P -> !X
  %dv = mpt.neg %v {id = 3, stage = 0} : !P
  %rv = mpt.reshard %dv {stage = 0} : !P -> !X
  %s = mpt.sum %rq, %rk, %rv, %y : !X
  return %s : !X
}

// -----

!X = tensor<8x4xf32, #mpt.s<[{"micro"=1}, {}]>>
!P = tensor<8x4xf32, #mpt.s<[{"micro"=1}, {}], partial = [sum{"tp"=2}]>>

// A single sum stays where it arises: later places cost a mask more.
// CHECK-LABEL: func.func @bias
func.func @bias(%p: !P, %x: !X) -> !X {
  // CHECK: mpt.reshard
  // CHECK-NEXT: mpt.tanh
  // CHECK-NEXT: mpt.add
  // CHECK-NEXT: return
  %n = mpt.neg %p {id = 0, stage = 0} : !P
  %r = mpt.reshard %n {stage = 0} : !P -> !X
  %y = mpt.tanh %x {id = 1, stage = 0} : !X
  %s = mpt.add %r, %y {id = 2, stage = 0} : !X
  return %s : !X
}

// -----

!X = tensor<8x4xf32, #mpt.s<[{"micro"=1}, {}]>>
!P = tensor<8x4xf32, #mpt.s<[{"micro"=1}, {}], partial = [sum{"tp"=2}]>>

// Attention and MLP side by side, each with a bias: one reduction at the end.
// CHECK-LABEL: func.func @parallel
func.func @parallel(%p: !P, %q: !P, %x: !X) -> !X {
  // CHECK-COUNT-2: mpt.add {{.*}} : tensor<{{.*}}partial = [sum{"tp"=2}]>>
  // CHECK: %[[S:.*]] = mpt.add {{.*}} : tensor<{{.*}}partial = [sum{"tp"=2}]>>
  // CHECK-NEXT: %[[R:.*]] = mpt.reshard %[[S]]
  // CHECK-NEXT: %[[T:.*]] = mpt.tanh %[[R]]
  // CHECK-NEXT: return
  %y = mpt.tanh %x {id = 0, stage = 0} : !X
  %a = mpt.neg %p {id = 1, stage = 0} : !P
  %ra = mpt.reshard %a {stage = 0} : !P -> !X
  %b = mpt.neg %q {id = 2, stage = 0} : !P
  %rb = mpt.reshard %b {stage = 0} : !P -> !X
  %ya = mpt.add %ra, %y {id = 3, stage = 0} : !X
  %yb = mpt.add %rb, %y {id = 4, stage = 0} : !X
  %s = mpt.add %ya, %yb {id = 5, stage = 0} : !X
  %t = mpt.tanh %s {id = 6, stage = 0} : !X
  return %t : !X
}

// -----

!X = tensor<8x4xf32, #mpt.s<[{"micro"=1}, {}]>>
!P = tensor<8x4xf32, #mpt.s<[{"micro"=1}, {}], partial = [sum{"tp"=2}]>>
!H = tensor<8x2xf32, #mpt.s<[{"micro"=1}, {}]>>

// What is smaller later is reduced later; not beyond a product with another web
// value, nor on another stage.
// CHECK-LABEL: func.func @smaller
func.func @smaller(%p: !P) -> (!H, !X, !X) {
  // CHECK: %[[H:.*]] = mpt.slice {{.*}} -> tensor<8x2xf32, {{.*}}partial = [sum{"tp"=2}]>>
  // CHECK-NEXT: %[[R:.*]] = mpt.reshard %[[H]]
  %a = mpt.neg %p {id = 0, stage = 0} : !P
  %ra = mpt.reshard %a {stage = 0} : !P -> !X
  %h = mpt.slice %ra {id = 1, start = [0, 0], limit = [8, 2], stage = 0} : !X -> !H
  // CHECK: %[[B:.*]] = mpt.neg {{.*}}id = 2
  // CHECK-NEXT: %[[RB:.*]] = mpt.reshard %[[B]]
  // CHECK-NEXT: mpt.mul %[[RB]], %[[RB]]
  %b = mpt.neg %p {id = 2, stage = 0} : !P
  %rb = mpt.reshard %b {stage = 0} : !P -> !X
  %s = mpt.mul %rb, %rb {id = 3, stage = 0} : !X
  // CHECK: %[[C:.*]] = mpt.neg {{.*}}id = 4
  // CHECK-NEXT: %[[RC:.*]] = mpt.reshard %[[C]]
  // CHECK: mpt.sum %[[RC]], %[[RD:.*]] :
  %c = mpt.neg %p {id = 4, stage = 0} : !P
  %rc = mpt.reshard %c {stage = 0} : !P -> !X
  %d = mpt.neg %p {id = 5, stage = 1} : !P
  %rd = mpt.reshard %d {stage = 1} : !P -> !X
  %t = mpt.sum %rc, %rd : !X
  return %h, %s, %t : !H, !X, !X
}

// -----

!X = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}]>>
!P = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}], partial = [sum{"tp"=2}]>>
!S = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {"tp"=2}]>>
!W = tensor<4x4xf32, #mpt.s<[{}, {}]>>
!A = tensor<4x4xf32, #mpt.s<[{}, {}], partial = [sum{"micro"=2}]>>

// The cotangent of a layer that every rank has whole is not gathered: each
// rank's block among zeros adds to the sum that is reduced anyway, and the
// weight's gradient is reduced once per step.
// CHECK-LABEL: func.func @block
func.func @block(%p: !P, %s: !S, %x: !X, %w: !W) -> (!X, !W) {
  // CHECK: %[[D:.*]] = mpt.reshard %{{.*}} -> tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}], partial = [sum{"tp"=2}]>>
  // CHECK-NEXT: %[[DW:.*]] = mpt.dot_general %arg2, %[[D]] {{.*}} -> tensor<4x4xf32, #mpt.s<[{}, {}], partial = [sum{"micro"=2,"tp"=2}]>>
  // CHECK-NEXT: %[[DX:.*]] = mpt.dot_general %[[D]], %arg3 {{.*}}partial = [sum{"tp"=2}]>>
  // CHECK: %[[SUM:.*]] = mpt.sum %[[DX]]
  // CHECK-NEXT: mpt.reshard %[[SUM]]
  // CHECK-NEXT: mpt.reshard %[[DW]] {{.*}}partial = [sum{"micro"=2,"tp"=2}]>> -> tensor<4x4xf32, #mpt.s<[{}, {}]>>
  %c = mpt.neg %s {id = 0, stage = 0} : !S
  %d = mpt.reshard %c {stage = 0} : !S -> !X
  %dw = mpt.dot_general %x, %d contract [0] x [0] {id = 1, stage = 0} : !X, !X -> !A
  %dx = mpt.dot_general %d, %w contract [1] x [1] {id = 2, stage = 0} : !X, !W -> !X
  %n = mpt.neg %p {id = 3, stage = 0} : !P
  %r = mpt.reshard %n {stage = 0} : !P -> !X
  %sum = mpt.sum %dx, %r : !X
  %g = mpt.reshard %dw : !A -> !W
  return %sum, %g : !X, !W
}

// -----

!X = tensor<8x4xf32, #mpt.s<[{"micro"=1}, {}]>>
!P = tensor<8x4xf32, #mpt.s<[{"micro"=1}, {}], partial = [sum{"tp"=2}]>>
!S = tensor<8x4xf32, #mpt.s<[{"micro"=1}, {"tp"=2}]>>

// A sum that is cut at once is scattered; one gather stays one.
// CHECK-LABEL: func.func @scatter
func.func @scatter(%p: !P, %s: !S) -> (!S, !X) {
  // CHECK: %[[N:.*]] = mpt.neg
  // CHECK-NEXT: mpt.reshard %[[N]] {{.*}}partial = [sum{"tp"=2}]>> -> tensor<8x4xf32, #mpt.s<[{"micro"=1}, {"tp"=2}]>>
  // CHECK-NEXT: mpt.reshard %arg1 {{.*}}{"tp"=2}]>> -> tensor<8x4xf32, #mpt.s<[{"micro"=1}, {}]>>
  // CHECK-NEXT: mpt.tanh
  %n = mpt.neg %p {id = 0, stage = 0} : !P
  %r = mpt.reshard %n {stage = 0} : !P -> !X
  %c = mpt.reshard %r {stage = 0} : !X -> !S
  %g = mpt.reshard %s {stage = 0} : !S -> !X
  %t = mpt.tanh %g {id = 1, stage = 0} : !X
  return %c, %t : !S, !X
}
