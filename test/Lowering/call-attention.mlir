// Attention is a library call that takes heads where they lie: operands as before
// their transposes, results as after them, unless something else uses those.
// RUN: mpt-opt %s --mpt-form-kernels | FileCheck %s
// RUN: mpt-opt %s --mpt-form-kernels | FileCheck %s --check-prefix=NONE
// NONE-NOT: mpt.transpose

module attributes {mpt.config = {target = "cpu"}, mpt.phase = "schedule"} {
  // CHECK-LABEL: func.func @s0_F
  // CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<2x3x4x8xf32>, %[[K:[a-z0-9]+]]: tensor<2x2x5x8xf32>, %[[V:[a-z0-9]+]]: tensor<2x2x5x8xf32>
  // CHECK: %[[Y:.*]]:2 = mpt.library "attention"(%[[Q]], %[[K]], %[[V]]) into(%{{.*}}, %{{.*}}) {nodes = ["sdpa"], options = {causal = 2 : i64, scale = 5.000000e-01 : f64, swapped = array<i64: 0, 3>, zero_rows}}
  // CHECK-SAME: (tensor<2x3x4x8xf32>, tensor<2x2x5x8xf32>, tensor<2x2x5x8xf32>, tensor<2x3x4x8xf32>, tensor<2x4x3xf32>) -> (tensor<2x3x4x8xf32>, tensor<2x4x3xf32>)
  // CHECK: return %[[Y]]#0, %[[Y]]#1
  func.func @s0_F(%q: tensor<2x3x4x8xf32>, %k: tensor<2x2x5x8xf32>, %v: tensor<2x2x5x8xf32>) -> (tensor<2x3x4x8xf32>, tensor<2x4x3xf32>) {
    %qt = mpt.transpose %q {perm = [0, 2, 1, 3]} : tensor<2x3x4x8xf32> -> tensor<2x4x3x8xf32>
    %y, %lse = mpt.attention %qt, %k, %v {causal = 2, scale = 0.5, zero_rows} : tensor<2x4x3x8xf32>, tensor<2x2x5x8xf32>, tensor<2x2x5x8xf32> -> tensor<2x4x3x8xf32>, tensor<2x4x3xf32> loc("sdpa")
    %yt = mpt.transpose %y {perm = [0, 2, 1, 3]} : tensor<2x4x3x8xf32> -> tensor<2x3x4x8xf32>
    return %yt, %lse : tensor<2x3x4x8xf32>, tensor<2x4x3xf32>
  }
  // dq leaves the task as it is.
  // CHECK-LABEL: func.func @s0_B
  // CHECK: %[[D:.*]]:3 = mpt.library "attention_grad"(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) into(%{{.*}}) {options = {scale = 5.000000e-01 : f64, swapped = array<i64: 5, 8>}}
  // CHECK-SAME: -> (tensor<2x4x3x8xf32>, tensor<2x5x2x8xf32>, tensor<2x2x5x8xf32>)
  // CHECK: return %[[D]]#0, %[[D]]#1, %[[D]]#2
  func.func @s0_B(%q: tensor<2x4x3x8xf32>, %k: tensor<2x2x5x8xf32>, %v: tensor<2x2x5x8xf32>, %y: tensor<2x4x3x8xf32>, %lse: tensor<2x4x3xf32>, %dy: tensor<2x3x4x8xf32>, %m: tensor<1x1x3x5xi1>) -> (tensor<2x4x3x8xf32>, tensor<2x5x2x8xf32>, tensor<2x2x5x8xf32>) {
    %dyt = mpt.transpose %dy {perm = [0, 2, 1, 3]} : tensor<2x3x4x8xf32> -> tensor<2x4x3x8xf32>
    %dq, %dk, %dv = mpt.attention_grad %q, %k, %v, %y, %lse, %dyt, %m {scale = 0.5} : tensor<2x4x3x8xf32>, tensor<2x2x5x8xf32>, tensor<2x2x5x8xf32>, tensor<2x4x3x8xf32>, tensor<2x4x3xf32>, tensor<2x4x3x8xf32>, tensor<1x1x3x5xi1> -> tensor<2x4x3x8xf32>, tensor<2x2x5x8xf32>, tensor<2x2x5x8xf32>
    %dkt = mpt.transpose %dk {perm = [0, 2, 1, 3]} : tensor<2x2x5x8xf32> -> tensor<2x5x2x8xf32>
    return %dq, %dkt, %dv : tensor<2x4x3x8xf32>, tensor<2x5x2x8xf32>, tensor<2x2x5x8xf32>
  }
}
