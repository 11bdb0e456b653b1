// Every op that can stand in a task has a kernel, and no kernel allocates or
// copies when it is bufferized.
// RUN: mpt-opt %s --mpt-form-kernels --mpt-verify-fuse -o %t
// RUN: FileCheck %s --check-prefix=TASKS --implicit-check-not=mpt.add < %t
// RUN: %python %S/Inputs/kernels_only.py %t | mpt-opt --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --canonicalize | FileCheck %s --implicit-check-not=memref.alloc --implicit-check-not=memref.copy

// CHECK: func.func private @add
!F = tensor<2x3x4xf32>
!I = tensor<2x3x4xi64>
!Y = tensor<2x3x4xi1>
!S = tensor<f32>
!N = tensor<i64>
!T = tensor<2x3xi64>
!R = tensor<2x3xf32>
module {
  mpt.mesh <["tp"=2], time ["micro"=1]>
  // TASKS-LABEL: func.func @unary
  // TASKS: mpt.launch @fused_erf_6x4(
  // TASKS: mpt.launch @fused_xor_6x4_i1(
  // TASKS-NOT: mpt.launch
  func.func @unary(%x: !F) -> (!F, !Y) {
    %0 = mpt.neg %x : !F
    %1 = mpt.abs %0 : !F
    %2 = mpt.sign %1 : !F
    %3 = mpt.floor %2 : !F
    %4 = mpt.ceil %3 : !F
    %5 = mpt.round_even %4 : !F
    %6 = mpt.exp %5 : !F
    %7 = mpt.expm1 %6 : !F
    %8 = mpt.log %7 : !F
    %9 = mpt.log1p %8 : !F
    %10 = mpt.sqrt %9 : !F
    %11 = mpt.rsqrt %10 : !F
    %12 = mpt.sin %11 : !F
    %13 = mpt.cos %12 : !F
    %14 = mpt.tan %13 : !F
    %15 = mpt.asin %14 : !F
    %16 = mpt.acos %15 : !F
    %17 = mpt.atan %16 : !F
    %18 = mpt.sinh %17 : !F
    %19 = mpt.cosh %18 : !F
    %20 = mpt.asinh %19 : !F
    %21 = mpt.acosh %20 : !F
    %22 = mpt.atanh %21 : !F
    %23 = mpt.tanh %22 : !F
    %24 = mpt.logistic %23 : !F
    %25 = mpt.erf %24 : !F
    %26 = mpt.is_finite %25 : !F -> !Y
    %27 = mpt.is_nan %25 : !F -> !Y
    %28 = mpt.not %26 : !Y
    %29 = mpt.xor %27, %28 : !Y
    return %25, %29 : !F, !Y
  }
  // TASKS-LABEL: func.func @binary
  func.func @binary(%x: !F, %y: !F, %i: !I) -> (!F, !I, !Y) {
    %0 = mpt.add %x, %y : !F
    %1 = mpt.sub %0, %y : !F
    %2 = mpt.mul %1, %y : !F
    %3 = mpt.div %2, %y : !F
    %4 = mpt.rem %3, %y : !F
    %5 = mpt.pow %4, %y : !F
    %6 = mpt.max %5, %y : !F
    %7 = mpt.min %6, %y : !F
    %8 = mpt.sum %7, %x, %y : !F
    %9 = mpt.compare lt %8, %y : !F, !F -> !Y
    %10 = mpt.compare ge %i, %i : !I, !I -> !Y
    %11 = mpt.and %9, %10 : !Y
    %12 = mpt.or %11, %10 : !Y
    %13 = mpt.select %12, %8, %x : !Y, !F, !F -> !F
    %14 = mpt.convert %13 : !F -> !I
    %15 = mpt.add %14, %i : !I
    %16 = mpt.rem %15, %i : !I
    %17 = mpt.convert %16 : !I -> !Y
    %18 = mpt.convert %17 : !Y -> !F
    %19 = mpt.mul %18, %x : !F
    return %19, %16, %17 : !F, !I, !Y
  }
  func.func @shapes(%x: !F) -> (tensor<3x4x2xf32>, tensor<2x2x2xf32>, tensor<5x3x4xf32>, tensor<4x3x4xf32>, !F, !F, tensor<3xf32>, tensor<2x2x4xf32>) {
    %0 = mpt.transpose %x {perm = [1, 2, 0]} : !F -> tensor<3x4x2xf32>
    %1 = mpt.slice %x {start = [0, 0, 1], limit = [2, 3, 4], stride = [1, 2, 2]} : !F -> tensor<2x2x2xf32>
    %2 = mpt.pad %x {value = 1.0 : f32, lo = [1, 0, 0], hi = [1, 0, 0], interior = [1, 0, 0]} : !F -> tensor<5x3x4xf32>
    %3 = mpt.concat %x, %x {axis = 0} : !F, !F -> tensor<4x3x4xf32>
    %4 = mpt.reverse %x {axes = [1, 2]} : !F
    %5 = mpt.iota {axis = 1} : () -> !F
    %6 = mpt.constant {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
    %7 = mpt.slice %x {start = [0, 0, 0], limit = [2, 2, 4]} : !F -> tensor<2x2x4xf32>
    return %0, %1, %2, %3, %4, %5, %6, %7 : tensor<3x4x2xf32>, tensor<2x2x2xf32>, tensor<5x3x4xf32>, tensor<4x3x4xf32>, !F, !F, tensor<3xf32>, tensor<2x2x4xf32>
  }
  func.func @reductions(%x: !F, %y: !Y) -> (tensor<2x4xf32>, tensor<3xf32>, !S, tensor<4xf32>, tensor<2x3xi1>, !S, tensor<2x3xf32>) {
    %0 = mpt.reduce sum %x {axes = [1]} : !F -> tensor<2x4xf32>
    %1 = mpt.reduce max %x {axes = [0, 2]} : !F -> tensor<3xf32>
    %2 = mpt.reduce prod %x {axes = [0, 1, 2]} : !F -> !S
    %3 = mpt.reduce min %x {axes = [0, 1]} : !F -> tensor<4xf32>
    %4 = mpt.reduce or %y {axes = [2]} : !Y -> tensor<2x3xi1>
    %5 = mpt.sum_squares %x : !F -> !S
    %6 = mpt.reduce sum %x {axes = [2]} : !F -> tensor<2x3xf32>
    return %0, %1, %2, %3, %4, %5, %6 : tensor<2x4xf32>, tensor<3xf32>, !S, tensor<4xf32>, tensor<2x3xi1>, !S, tensor<2x3xf32>
  }
  func.func @neural(%x: !F, %dy: !F, %g: tensor<4xf32>, %b: tensor<4xf32>) -> (!F, !F, !F, !F, !F, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
    %0 = mpt.gelu %x {approx = "none"} : !F
    %1 = mpt.gelu %0 {approx = "tanh"} : !F
    %2 = mpt.gelu_grad %1, %dy {approx = "none"} : !F
    %3 = mpt.gelu_grad %2, %dy {approx = "tanh"} : !F
    %4 = mpt.softmax %x {axis = 2} : !F
    %5 = mpt.log_softmax %4 {axis = 1} : !F
    %6, %mu, %rs = mpt.layer_norm %x, %g, %b {axis = 2, eps = 1.0e-05} : !F, tensor<4xf32>, tensor<4xf32> -> !F, !R, !R
    %7, %dg, %db = mpt.layer_norm_grad %x, %mu, %rs, %g, %dy {axis = 2} : !F, !R, !R, tensor<4xf32>, !F -> !F, tensor<4xf32>, tensor<4xf32>
    %8, %rr = mpt.rms_norm %x, %g {axis = 2, eps = 1.0e-05} : !F, tensor<4xf32> -> !F, !R
    %9, %dr = mpt.rms_norm_grad %8, %rr, %g, %dy {axis = 2} : !F, !R, tensor<4xf32>, !F -> !F, tensor<4xf32>
    return %3, %5, %6, %7, %9, %dg, %db, %dr : !F, !F, !F, !F, !F, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  func.func @losses(%z: !F, %t: !T, %seed: !S) -> (!S, !F, !S, !F, !S) {
    %ls, %lse = mpt.cross_entropy %z, %t {ignore_index = -100} : !F, !T -> !S, !R
    %dz = mpt.cross_entropy_grad %z, %t, %lse, %seed {ignore_index = -100} : !F, !T, !R, !S -> !F
    %w = mpt.label_weight %t {ignore_index = -100} : !T -> !S
    %lo = mpt.shard_offset {axes = ["tp"], size = 8} : () -> !N
    %m, %s, %tg = mpt.cross_entropy.local %z, %t, %lo : !F, !T, !N -> !R, !R, !R
    %m0 = mpt.mask_replicas %m {axes = ["tp"]} : !R
    %part = mpt.add %m0, %s : !R
    %l = mpt.cross_entropy.finish %part, %tg, %t {ignore_index = -100} : !R, !R, !T -> !S
    %dl = mpt.cross_entropy_grad %z, %t, %part, %seed, %lo {ignore_index = -100} : !F, !T, !R, !S, !N -> !F
    return %ls, %dz, %w, %dl, %l : !S, !F, !S, !F, !S
  }
  func.func @indexing(%table: tensor<5x4xf32>, %wide: tensor<3x5x2xf32>, %t: !T, %x: !F) -> (!F, tensor<3x2x3x2xf32>, tensor<5x4xf32>, tensor<2x3x3xf32>, !F) {
    %0 = mpt.take %table, %t {axis = 0} : tensor<5x4xf32>, !T -> !F
    %1 = mpt.take %wide, %t {axis = 1} : tensor<3x5x2xf32>, !T -> tensor<3x2x3x2xf32>
    %zero = mpt.constant {value = 0.0 : f32} : () -> tensor<5x4xf32>
    %2 = mpt.scatter_rows add %zero, %t, %x {axis = 0} : tensor<5x4xf32>, !T, !F -> tensor<5x4xf32>
    %3 = mpt.shard_slice %x {axes = ["tp"], dim = 2, size = 4} : !F -> tensor<2x3x3xf32>
    %n = mpt.shard_extent {axes = ["tp"], size = 7} : () -> !N
    %4 = mpt.mask_pad %x, %n {dim = 2, value = -1.0 : f32} : !F, !N -> !F
    return %0, %1, %2, %3, %4 : !F, tensor<3x2x3x2xf32>, tensor<5x4xf32>, tensor<2x3x3xf32>, !F
  }
  func.func @updates(%p: !R {mpt.state = @p}, %m: !R {mpt.state = @m}, %v: !R {mpt.state = @v}, %g: !R, %clip: !S, %lr: !S, %t: !N, %ok: tensor<i1>)
      -> (!R {mpt.state = @p}, !R {mpt.state = @m}, !R {mpt.state = @v}) {
    %0, %m0, %v0 = mpt.opt_update adamw %p, %g, %m, %v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !R, !R, !R, !R, !S, !S, !N, tensor<i1> -> !R, !R, !R
    %1, %m1, %v1 = mpt.opt_update adam %0, %g, %m0, %v0, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !R, !R, !R, !R, !S, !S, !N, tensor<i1> -> !R, !R, !R
    %2, %m2 = mpt.opt_update momentum %1, %g, %m1, %clip, %lr, %t, %ok {momentum = 0.9, nesterov, decay = 0.1} : !R, !R, !R, !S, !S, !N, tensor<i1> -> !R, !R
    %3 = mpt.opt_update sgd %2, %g, %clip, %lr, %t, %ok {decay = 0.0} : !R, !R, !S, !S, !N, tensor<i1> -> !R
    return %3, %m2, %v1 : !R, !R, !R
  }
  func.func @integers(%a: tensor<3x4xi64>, %b: tensor<4x2xi64>) -> tensor<3x2xi64> {
    %0 = mpt.dot_general %a, %b contract [1] x [0] : tensor<3x4xi64>, tensor<4x2xi64> -> tensor<3x2xi64>
    return %0 : tensor<3x2xi64>
  }
}
