// What is read element by element is computed by its reader: elementwise ops
// are scalars of one body, movements are maps of what they read.
// RUN: mpt-opt %s --mpt-form-kernels --mpt-verify-fuse | FileCheck %s

module {
  mpt.mesh <[], time ["micro"=1]>

  // A bias, heads moved and merged: one kernel reads both operands as they lie.
  // CHECK-LABEL: func.func @heads(
  // CHECK-SAME: %[[X:.*]]: tensor<2x3x4x5xf32>, %[[B:.*]]: tensor<20xf32>
  func.func @heads(%x: tensor<2x3x4x5xf32>, %b: tensor<20xf32>) -> tensor<8x3x5xf32> {
    // CHECK: mpt.launch @[[HEADS:.*]](%[[X]], %[[B]]) into
    // CHECK-NEXT: return
    %0 = mpt.reshape %x : tensor<2x3x4x5xf32> -> tensor<6x20xf32>
    %1 = mpt.broadcast %b {dims = [1]} : tensor<20xf32> -> tensor<6x20xf32>
    %2 = mpt.add %0, %1 : tensor<6x20xf32>
    %3 = mpt.reshape %2 : tensor<6x20xf32> -> tensor<2x3x4x5xf32>
    %4 = mpt.transpose %3 {perm = [0, 2, 1, 3]} : tensor<2x3x4x5xf32> -> tensor<2x4x3x5xf32>
    %5 = mpt.reshape %4 : tensor<2x4x3x5xf32> -> tensor<8x3x5xf32>
    %6 = mpt.exp %5 : tensor<8x3x5xf32>
    return %6 : tensor<8x3x5xf32>
  }

  // Two readers of a short chain of one tensor compute it both; of what follows
  // from two tensors none does. The product needs its operand written.
  // CHECK-LABEL: func.func @readers(
  // CHECK-SAME: %[[X:.*]]: tensor<4x4xf32>, %[[Y:.*]]: tensor<4x4xf32>
  func.func @readers(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) {
    // CHECK: mpt.launch @fused_exp_4x4(%[[X]]) into
    // CHECK: mpt.launch @fused_mul_4x4(%[[X]], %[[Y]]) into
    %0 = mpt.tanh %x : tensor<4x4xf32>
    %1 = mpt.exp %0 : tensor<4x4xf32>
    %2 = mpt.mul %0, %y : tensor<4x4xf32>
    // CHECK: %[[SUM:.*]] = mpt.launch @add_4x4(%[[X]], %[[Y]]) into
    // CHECK: mpt.launch @exp_4x4(%[[SUM]]) into
    %3 = mpt.add %x, %y : tensor<4x4xf32>
    %4 = mpt.exp %3 : tensor<4x4xf32>
    // CHECK: mpt.library "gemm"(%[[SUM]], %[[X]])
    %5 = mpt.dot_general %3, %x contract [1] x [0] : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    return %1, %2, %4, %5 : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
  }

  // Sums read what they add up as it is computed, in the operand's order; what a
  // broadcast would repeat is computed once.
  // CHECK-LABEL: func.func @sums(
  // CHECK-SAME: %[[X:.*]]: tensor<4x6xf32>
  func.func @sums(%x: tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<4xf32>) {
    // CHECK: %[[SUM:.*]] = mpt.launch @reduce_sum_4x6(%[[X]]) into
    %0 = mpt.mul %x, %x : tensor<4x6xf32>
    %1 = mpt.reduce sum %0 {axes = [1]} : tensor<4x6xf32> -> tensor<4xf32>
    // CHECK: %[[ROOT:.*]] = mpt.launch @sqrt_4(%[[SUM]]) into
    %2 = mpt.sqrt %1 : tensor<4xf32>
    // CHECK: mpt.launch @div_4x6(%[[X]], %[[ROOT]]) into
    %3 = mpt.broadcast %2 {dims = [0]} : tensor<4xf32> -> tensor<4x6xf32>
    %4 = mpt.div %x, %3 : tensor<4x6xf32>
    // The iota is a function of the iterators.
    // CHECK: mpt.launch @reduce_sum_4x6_0(%{{.*}}) into
    // CHECK-NEXT: return
    %5 = mpt.iota {axis = 1} : () -> tensor<4x6xf32>
    %6 = mpt.mul %4, %5 : tensor<4x6xf32>
    %7 = mpt.reduce sum %6 {axes = [1]} : tensor<4x6xf32> -> tensor<4xf32>
    return %4, %7 : tensor<4x6xf32>, tensor<4xf32>
  }

  // No iterator can end in the middle of a dim of 6 cut in 4: the reshape reads
  // what is written.
  // CHECK-LABEL: func.func @odd(
  func.func @odd(%x: tensor<4x6xf32>, %y: tensor<6xf32>) -> tensor<6x4xf32> {
    // CHECK: mpt.launch @add_4x6(
    // CHECK: mpt.reshape
    // CHECK: mpt.launch @mul_6x4(
    %0 = mpt.broadcast %y {dims = [1]} : tensor<6xf32> -> tensor<4x6xf32>
    %1 = mpt.add %x, %0 : tensor<4x6xf32>
    %2 = mpt.reshape %1 : tensor<4x6xf32> -> tensor<6x4xf32>
    %3 = mpt.broadcast %y {dims = [0]} : tensor<6xf32> -> tensor<6x4xf32>
    %4 = mpt.mul %2, %3 : tensor<6x4xf32>
    return %4 : tensor<6x4xf32>
  }
}

// CHECK: func.func private @[[HEADS]](%{{.*}}: tensor<2x3x4x5xf32>, %{{.*}}: tensor<4x5xf32>, %{{.*}}: tensor<2x4x3x5xf32>)
// CHECK-SAME: mpt.rows = 2
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #{{.*}}, #{{.*}}], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
// CHECK: arith.addf
// CHECK: math.exp
