// RUN: mpt-opt %s --mpt-unmerge-dims --split-input-file --verify-roundtrip | FileCheck %s

// [B, H, S, D] -> [B H, S, D] -> transpose -> back: one transpose.
// CHECK-LABEL: func.func @heads
// CHECK-NEXT: %[[T:.*]] = mpt.transpose %arg0 {id = 1, perm = [0, 1, 3, 2]} : tensor<2x4x8x3xf32> -> tensor<2x4x3x8xf32>
// CHECK-NEXT: return %[[T]]
func.func @heads(%x: tensor<2x4x8x3xf32>) -> tensor<2x4x3x8xf32> {
  %0 = mpt.reshape %x {id = 0} : tensor<2x4x8x3xf32> -> tensor<8x8x3xf32>
  %1 = mpt.transpose %0 {id = 1, perm = [0, 2, 1]} : tensor<8x8x3xf32> -> tensor<8x3x8xf32>
  %2 = mpt.reshape %1 {id = 2} : tensor<8x3x8xf32> -> tensor<2x4x3x8xf32>
  return %2 : tensor<2x4x3x8xf32>
}

// -----

// Repeated heads: [B, K, G, S, D] comes out as [B, K G, D, S]; only that merge
// stays.
// CHECK-LABEL: func.func @repeated
// CHECK-NEXT: %[[T:.*]] = mpt.transpose %arg0 {id = 1, perm = [0, 1, 2, 4, 3]} : tensor<2x2x3x8x5xf32> -> tensor<2x2x3x5x8xf32>
// CHECK-NEXT: mpt.reshape %[[T]] {id = 2} : tensor<2x2x3x5x8xf32> -> tensor<2x6x5x8xf32>
func.func @repeated(%x: tensor<2x2x3x8x5xf32>) -> tensor<2x6x5x8xf32> {
  %0 = mpt.reshape %x {id = 0} : tensor<2x2x3x8x5xf32> -> tensor<12x8x5xf32>
  %1 = mpt.transpose %0 {id = 1, perm = [0, 2, 1]} : tensor<12x8x5xf32> -> tensor<12x5x8xf32>
  %2 = mpt.reshape %1 {id = 2} : tensor<12x5x8xf32> -> tensor<2x6x5x8xf32>
  return %2 : tensor<2x6x5x8xf32>
}

// -----

// 4 x 6 merged, 8 x 3 split: the finest dims are 4, 2, 3.
// CHECK-LABEL: func.func @refined
// CHECK-NEXT: %[[S:.*]] = mpt.reshape %arg0 {id = 0} : tensor<4x6x5xf32> -> tensor<4x2x3x5xf32>
// CHECK-NEXT: %[[T:.*]] = mpt.transpose %[[S]] {id = 1, perm = [3, 0, 1, 2]}
// CHECK-NEXT: mpt.reshape %[[T]] {id = 2} : tensor<5x4x2x3xf32> -> tensor<5x8x3xf32>
func.func @refined(%x: tensor<4x6x5xf32>) -> tensor<5x8x3xf32> {
  %0 = mpt.reshape %x {id = 0} : tensor<4x6x5xf32> -> tensor<24x5xf32>
  %1 = mpt.transpose %0 {id = 1, perm = [1, 0]} : tensor<24x5xf32> -> tensor<5x24xf32>
  %2 = mpt.reshape %1 {id = 2} : tensor<5x24xf32> -> tensor<5x8x3xf32>
  return %2 : tensor<5x8x3xf32>
}

// -----

// 4 x 3 and 6 x 2 have no common refinement; a merge without a split is kept.
// CHECK-LABEL: func.func @kept
// CHECK-NEXT: mpt.reshape %arg0 {id = 0} : tensor<4x3x5xf32> -> tensor<12x5xf32>
// CHECK-NEXT: mpt.transpose
// CHECK-NEXT: mpt.reshape {{.*}} -> tensor<5x6x2xf32>
// CHECK-NEXT: mpt.reshape %arg0 {id = 3} : tensor<4x3x5xf32> -> tensor<12x5xf32>
// CHECK-NEXT: mpt.transpose
// CHECK-NEXT: mpt.reshape {{.*}} -> tensor<60xf32>
func.func @kept(%x: tensor<4x3x5xf32>) -> (tensor<5x6x2xf32>, tensor<60xf32>) {
  %0 = mpt.reshape %x {id = 0} : tensor<4x3x5xf32> -> tensor<12x5xf32>
  %1 = mpt.transpose %0 {id = 1, perm = [1, 0]} : tensor<12x5xf32> -> tensor<5x12xf32>
  %2 = mpt.reshape %1 {id = 2} : tensor<5x12xf32> -> tensor<5x6x2xf32>
  %3 = mpt.reshape %x {id = 3} : tensor<4x3x5xf32> -> tensor<12x5xf32>
  %4 = mpt.transpose %3 {id = 4, perm = [1, 0]} : tensor<12x5xf32> -> tensor<5x12xf32>
  %5 = mpt.reshape %4 {id = 5} : tensor<5x12xf32> -> tensor<60xf32>
  return %2, %5 : tensor<5x6x2xf32>, tensor<60xf32>
}
