// RUN: mpt-opt %s --mpt-plan-program --split-input-file | FileCheck %s
// The fewest bytes that adjoints need of the forward pass are kept: what cheap
// ops make of them is computed again.

// Three tensors of a gate are read by adjoints; all follow from the product.
// CHECK-LABEL: module @gate
module @gate attributes {mpt.config = {}} {
  mpt.state @w : tensor<8x8xf32> {role = "parameter"}
  func.func @step(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<f32> {mpt.metric = "totals"}) {
    %w = mpt.read @w : tensor<8x8xf32>
    // CHECK: mpt.dot_general {{.*}} {id = 0, stage = 0}
    %0 = mpt.dot_general %x, %w contract [1] x [0] {id = 0} : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
    // CHECK: mpt.logistic {{.*}} {id = 1, recompute, stage = 0}
    %1 = mpt.logistic %0 {id = 1} : tensor<4x8xf32>
    // CHECK: mpt.mul {{.*}} {id = 2, recompute, stage = 0}
    %2 = mpt.mul %0, %1 {id = 2} : tensor<4x8xf32>
    // CHECK: mpt.reduce {{.*}} {axes = [0, 1], id = 3, stage = 0}
    %3 = mpt.reduce sum %2 {axes = [0, 1], id = 3} : tensor<4x8xf32> -> tensor<f32>
    %4 = mpt.mul %0, %1 {id = 4, adjoint_of = 2} : tensor<4x8xf32>
    %5 = mpt.mul %2, %4 {id = 5, adjoint_of = 2} : tensor<4x8xf32>
    return %3 : tensor<f32>
  }
}

// -----

// Of values that are equal in size the last is kept: nothing runs again.
// CHECK-LABEL: module @last
module @last attributes {mpt.config = {}} {
  mpt.state @w : tensor<8x8xf32> {role = "parameter"}
  func.func @step(%x: tensor<4x8xf32> {mpt.input = "x"}) -> (tensor<f32> {mpt.metric = "totals"}) {
    %w = mpt.read @w : tensor<8x8xf32>
    %0 = mpt.dot_general %x, %w contract [1] x [0] {id = 1} : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
    // CHECK: mpt.exp {{.*}} {id = 3, stage = 0}
    %2 = mpt.exp %0 {id = 3} : tensor<4x8xf32>
    // CHECK: mpt.transpose {{.*}} {id = 4, perm = [1, 0], stage = 0}
    %3 = mpt.transpose %2 {id = 4, perm = [1, 0]} : tensor<4x8xf32> -> tensor<8x4xf32>
    %4 = mpt.reduce sum %3 {axes = [0, 1], id = 5} : tensor<8x4xf32> -> tensor<f32>
    %5 = mpt.mul %3, %3 {id = 6, adjoint_of = 4} : tensor<8x4xf32>
    return %4 : tensor<f32>
  }
}
