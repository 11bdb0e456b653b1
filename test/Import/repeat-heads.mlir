// RUN: mpt-opt %s --mpt-repeat-heads --split-input-file --verify-roundtrip | FileCheck %s

// 12 query heads for 3 key heads, tp=6: each key head twice. One key head is
// shared by all; 3 key heads are divided by tp=3.
!Q = tensor<2x12x5x4xf32>
!K = tensor<2x3x5x4xf32>
// CHECK-LABEL: module @six
module @six attributes {mpt.config = {mesh = {tp = 6 : i64}}} {
  func.func @predict(%q: !Q, %k: !K, %v: !K, %o: tensor<2x1x5x4xf32>) -> (!Q, !Q) {
    // CHECK: %[[B:.*]] = mpt.broadcast %arg1 {dims = [0, 1, 3, 4], id = 2} : tensor<2x3x5x4xf32> -> tensor<2x3x2x5x4xf32>
    // CHECK-NEXT: %[[K:.*]] = mpt.reshape %[[B]] {id = 3} : tensor<2x3x2x5x4xf32> -> tensor<2x6x5x4xf32>
    // CHECK-NEXT: mpt.broadcast %arg2
    // CHECK-NEXT: %[[V:.*]] = mpt.reshape
    // CHECK-NEXT: mpt.attention %arg0, %[[K]], %[[V]]
    %y, %l = mpt.attention %q, %k, %v {id = 0, scale = 5.0e-01 : f64} : !Q, !K, !K -> !Q, tensor<2x12x5xf32>
    // CHECK-NEXT: mpt.attention %arg0, %arg3, %arg3
    %z, %m = mpt.attention %q, %o, %o {id = 1, scale = 5.0e-01 : f64} : !Q, tensor<2x1x5x4xf32>, tensor<2x1x5x4xf32> -> !Q, tensor<2x12x5xf32>
    return %y, %z : !Q, !Q
  }
}

// -----

!Q = tensor<2x12x5x4xf32>
!K = tensor<2x3x5x4xf32>
// CHECK-LABEL: module @divided
// CHECK-NOT: mpt.broadcast
module @divided attributes {mpt.config = {mesh = {tp = 3 : i64}}} {
  func.func @predict(%q: !Q, %k: !K, %v: !K) -> !Q {
    %y, %l = mpt.attention %q, %k, %v {id = 0, scale = 5.0e-01 : f64} : !Q, !K, !K -> !Q, tensor<2x12x5xf32>
    return %y : !Q
  }
}

// -----

!Q = tensor<2x12x5x4xf32>
!K = tensor<2x3x5x4xf32>
// CHECK-LABEL: module @odd
// CHECK-NOT: mpt.broadcast
module @odd attributes {mpt.config = {mesh = {tp = 5 : i64}}} {
  func.func @predict(%q: !Q, %k: !K, %v: !K) -> !Q {
    %y, %l = mpt.attention %q, %k, %v {id = 0, scale = 5.0e-01 : f64} : !Q, !K, !K -> !Q, tensor<2x12x5xf32>
    return %y : !Q
  }
}
