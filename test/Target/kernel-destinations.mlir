// RUN: mpt-opt %s --pass-pipeline='builtin.module(func.func(mpt-kernel-destinations),one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},func.func(mpt-kernel-results,canonicalize))' | FileCheck %s

// In place: no copy, no buffer, no result.
// CHECK-LABEL: func.func @add(
// CHECK-SAME: %[[x:.*]]: memref<4xf32>, %[[y:.*]]: memref<4xf32>)
// CHECK-NEXT: linalg.add ins(%[[x]], %[[y]] : {{.*}}) outs(%[[y]]
// CHECK-NEXT: return
func.func @add(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {mpt.kernel} {
  %r = linalg.add ins(%x, %y : tensor<4xf32>, tensor<4xf32>) outs(%y : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// An input that is the result is copied.
// CHECK-LABEL: func.func @copy(
// CHECK-SAME: %[[x:.*]]: memref<4xf32>, %[[y:.*]]: memref<4xf32>)
// CHECK-NEXT: memref.copy %[[x]], %[[y]]
func.func @copy(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {mpt.kernel} {
  return %x : tensor<4xf32>
}

// An input is never written: the update of it happens in the destination.
// CHECK-LABEL: func.func @negate(
// CHECK-SAME: %[[x:.*]]: memref<4xf32>, %[[y:.*]]: memref<4xf32>)
// CHECK-NOT: outs(%[[x]]
// CHECK: return
func.func @negate(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {mpt.kernel} {
  %r = linalg.negf ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// Loops that update the destination do it in place.
// CHECK-LABEL: func.func @scatter(
// CHECK-SAME: %[[i:.*]]: memref<8xi64>, %[[x:.*]]: memref<8xf32>, %[[y:.*]]: memref<4xf32>)
// CHECK-NOT: alloc
// CHECK: memref.store %{{.*}}, %[[y]]
// CHECK-NOT: memref.copy
// CHECK: return
func.func @scatter(%i: tensor<8xi64>, %x: tensor<8xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {mpt.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %r = scf.for %k = %c0 to %c8 step %c1 iter_args(%t = %y) -> (tensor<4xf32>) {
    %j = tensor.extract %i[%k] : tensor<8xi64>
    %row = arith.index_cast %j : i64 to index
    %a = tensor.extract %t[%row] : tensor<4xf32>
    %b = tensor.extract %x[%k] : tensor<8xf32>
    %c = arith.addf %a, %b : f32
    %u = tensor.insert %c into %t[%row] : tensor<4xf32>
    scf.yield %u : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
