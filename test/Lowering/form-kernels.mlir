// Each tensor op is a launch or a library call; what is updated in place says so
// by its destination.
// RUN: mpt-opt %s --mpt-form-kernels --mpt-verify-fuse | FileCheck %s

module {
  mpt.mesh <["dp"=2, "tp"=2], time ["micro"=1]>

  // Dims nobody tells apart are collapsed in the kernel; the accumulator is the
  // destination of the product.
  // CHECK-LABEL: func.func @s0_B(
  // CHECK-SAME: %[[X:.*]]: tensor<2x3x4xf32>, %[[DY:.*]]: tensor<2x3x5xf32>, %[[ACC:.*]]: tensor<4x5xf32>
  func.func @s0_B(%x: tensor<2x3x4xf32>, %dy: tensor<2x3x5xf32>, %acc: tensor<4x5xf32> {mpt.acc = @w})
      -> (tensor<4x5xf32> {mpt.acc = @w}, tensor<2x3x5xf32>) {
    // CHECK: %[[NEW:.*]] = mpt.library "gemm"(%[[X]], %[[DY]]) into(%[[ACC]]) {accumulate, lhs_contract = array<i64: 0, 1>, nodes = ["fc"], rhs_contract = array<i64: 0, 1>}
    %dw = mpt.dot_general %x, %dy contract [0, 1] x [0, 1] : tensor<2x3x4xf32>, tensor<2x3x5xf32> -> tensor<4x5xf32> loc("fc")
    // CHECK: %[[TO:.*]] = tensor.empty() : tensor<2x3x5xf32>
    // CHECK: %[[SUM:.*]] = mpt.launch @add_6x5(%[[DY]]) into(%[[TO]]) {nodes = ["residual"]}
    %sum = mpt.add %dy, %dy : tensor<2x3x5xf32> loc("residual")
    %new = mpt.accumulate %acc, %dw : tensor<4x5xf32>
    // CHECK: return %[[NEW]], %[[SUM]]
    return %new, %sum : tensor<4x5xf32>, tensor<2x3x5xf32>
  }

  // An accumulator that is read again is copied; equal kernels are one symbol.
  // CHECK-LABEL: func.func @again(
  func.func @again(%acc: tensor<6x5xf32> {mpt.acc = @w}, %v: tensor<6x5xf32>) -> (tensor<6x5xf32> {mpt.acc = @w}, tensor<6x5xf32>) {
    // CHECK: %[[COPY:.*]] = mpt.launch @copy_6x5(%{{.*}}) into
    // CHECK: mpt.launch @accumulate_6x5(%{{.*}}) into(%[[COPY]])
    %new = mpt.accumulate %acc, %v : tensor<6x5xf32>
    // CHECK: mpt.launch @add_6x5(
    %twice = mpt.add %acc, %acc : tensor<6x5xf32>
    return %new, %twice : tensor<6x5xf32>, tensor<6x5xf32>
  }

  // Constants of equal elements are scalars of the kernel, broadcast or not.
  // CHECK-LABEL: func.func @scalars(
  func.func @scalars(%x: tensor<6x5xf32>) -> tensor<6x5xf32> {
    // CHECK-NOT: @constant
    // CHECK: mpt.launch @mul_6x5(%{{.*}}) into
    // CHECK-NEXT: return
    %half = mpt.constant {value = 0.5 : f32} : () -> tensor<f32>
    %all = mpt.broadcast %half {dims = []} : tensor<f32> -> tensor<6x5xf32>
    %y = mpt.mul %x, %all : tensor<6x5xf32>
    return %y : tensor<6x5xf32>
  }

  // Offsets of the rank are i64 operands; `once` and replicas test the index,
  // which is the offset in a dim with one element per rank.
  // CHECK-LABEL: func.func @ranks(
  func.func @ranks(%table: tensor<8x4xf32>, %t: tensor<3xi64>, %q: tensor<f32>) -> (tensor<3x4xf32>, tensor<3xf32>) {
    // CHECK: %[[LO:.*]] = mpt.shard_offset {axes = ["tp"], size = 16} : tensor<i64>
    // CHECK: %[[I:.*]] = tensor.extract %[[LO]][] : tensor<i64>
    // CHECK: mpt.launch @take_1x8x4(%{{.*}}, %{{.*}}, %[[I]]) into
    %lo = mpt.shard_offset {axes = ["tp"], size = 16} : () -> tensor<i64>
    %rows = mpt.take %table, %t, %lo {axis = 0} : tensor<8x4xf32>, tensor<3xi64>, tensor<i64> -> tensor<3x4xf32>
    // CHECK: mpt.shard_offset {axes = ["dp", "tp"], size = 4}
    // CHECK: mpt.launch @totals_3(%{{.*}}, %{{.*}}) into
    %tot = mpt.totals %q, %q {at = [0, 2], width = 3, once = [[], ["dp", "tp"]]} : tensor<f32>, tensor<f32> -> tensor<3xf32>
    return %rows, %tot : tensor<3x4xf32>, tensor<3xf32>
  }

  // No matrices as they lie: heads stand between tokens. Scores of attention.
  // CHECK-LABEL: func.func @heads(
  func.func @heads(%q: tensor<2x7x4x5xf32>, %k: tensor<2x7x4x5xf32>) -> tensor<2x4x7x7xf32> {
    // CHECK: %[[Q:.*]] = mpt.launch @transpose_2x7x4x5
    // CHECK: %[[K:.*]] = mpt.launch @transpose_2x7x4x5
    // CHECK: mpt.library "gemm"(%[[Q]], %[[K]]) into{{.*}}lhs_batch = array<i64: 0, 1>, lhs_contract = array<i64: 3>, rhs_batch = array<i64: 0, 1>, rhs_contract = array<i64: 3>
    %s = mpt.dot_general %q, %k batch [0, 2] x [0, 2] contract [3] x [3] : tensor<2x7x4x5xf32>, tensor<2x7x4x5xf32> -> tensor<2x4x7x7xf32>
    return %s : tensor<2x4x7x7xf32>
  }

  // Reshapes, and transposes of dims of size 1, are other views.
  // CHECK-LABEL: func.func @views(
  func.func @views(%x: tensor<1x3x4xf32>) -> tensor<12xf32> {
    // CHECK-NEXT: mpt.reshape
    // CHECK-NEXT: mpt.reshape
    // CHECK-NEXT: return
    %t = mpt.transpose %x {perm = [1, 0, 2]} : tensor<1x3x4xf32> -> tensor<3x1x4xf32>
    %r = mpt.reshape %t : tensor<3x1x4xf32> -> tensor<12xf32>
    return %r : tensor<12xf32>
  }

  // An operand that a collective would overwrite is copied if it is used again.
  // CHECK-LABEL: func.func @collective(
  func.func @collective(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    // CHECK: %[[M:.*]] = mpt.launch @exp_4
    // CHECK: %[[COPY:.*]] = mpt.launch @copy_4(%[[M]])
    // CHECK: mpt.all_reduce max %[[COPY]]
    %m = mpt.exp %x : tensor<4xf32>
    %all = mpt.all_reduce max %m over ["tp"] {bytes = 16} : tensor<4xf32>
    %d = mpt.sub %m, %all : tensor<4xf32>
    return %d, %all : tensor<4xf32>, tensor<4xf32>
  }
}

// Rows are independent where each op stays in its own; a sum over them is not.
// CHECK: func.func private @add_6x5({{.*}} attributes {mpt.kernel, mpt.rows = 6 : i64}
// CHECK: func.func private @mul_6x5(
// CHECK: arith.constant 5.000000e-01 : f32
// CHECK: func.func private @totals_3({{.*}} attributes {mpt.kernel} {
