// RUN: mpt-opt %s --mpt-localize-tasks --mpt-verify-localize --split-input-file | FileCheck %s
// Uneven cuts: ops that reduce over a dim with pads read their identity there.

// 10 classes over tp=4: bound 3, extents 3 3 3 1. Pads of logits are -inf.
mpt.mesh <["tp"=4], time ["micro"=1]>
// CHECK-LABEL: func.func @classes
// CHECK-SAME: %[[Z:.*]]: tensor<8x3xf32>, %[[L:.*]]: tensor<8xi64>
// CHECK: %[[E:.*]] = mpt.shard_extent {axes = ["tp"], size = 10}
// CHECK: %[[M:.*]] = mpt.mask_pad %[[Z]], %[[E]] {dim = 1, value = 0xFF800000 : f32}
// CHECK: %[[LO:.*]] = mpt.shard_offset {axes = ["tp"], size = 10}
// CHECK: mpt.cross_entropy.local %[[M]], %[[L]], %[[LO]]
// CHECK: mpt.all_reduce max
// CHECK: mpt.all_reduce sum
// CHECK: mpt.mask_replicas %{{.*}} {axes = ["tp"]}
// CHECK: mpt.cross_entropy.finish %{{.*}}, %{{.*}}, %[[L]]
func.func @classes(%z: tensor<8x10xf32, #mpt.s<[{}, {"tp"=4}]>>, %labels: tensor<8xi64, #mpt.s<[{}]>>)
    -> tensor<f32, #mpt.s<[], partial = [sum{"tp"=4}]>> {
  %ls, %lse = mpt.cross_entropy %z, %labels {ignore_index = -100} : tensor<8x10xf32, #mpt.s<[{}, {"tp"=4}]>>, tensor<8xi64, #mpt.s<[{}]>> -> tensor<f32, #mpt.s<[], partial = [sum{"tp"=4}]>>, tensor<8xf32, #mpt.s<[{}]>>
  return %ls : tensor<f32, #mpt.s<[], partial = [sum{"tp"=4}]>>
}

// The gradient is pass-through: it only needs to know its classes. The product
// over classes masks both operands, for 0 * NaN is not 0.
// CHECK-LABEL: func.func @classes_grad
// CHECK-SAME: %[[Z:.*]]: tensor<8x3xf32>, {{.*}}, %[[W:[^ ]*]]: tensor<3x5xf32>)
// CHECK: %[[LO:.*]] = mpt.shard_offset
// CHECK: %[[D:.*]] = mpt.cross_entropy_grad %[[Z]], {{.*}}, %[[LO]]
// CHECK: %[[E:.*]] = mpt.shard_extent {axes = ["tp"], size = 10}
// CHECK: %[[DM:.*]] = mpt.mask_pad %[[D]], %[[E]] {dim = 1, value = 0.000000e+00 : f32}
// CHECK: %[[WM:.*]] = mpt.mask_pad %[[W]], %[[E]] {dim = 0, value = 0.000000e+00 : f32}
// CHECK: mpt.dot_general %[[DM]], %[[WM]]
func.func @classes_grad(%z: tensor<8x10xf32, #mpt.s<[{}, {"tp"=4}]>>, %labels: tensor<8xi64, #mpt.s<[{}]>>, %lse: tensor<8xf32, #mpt.s<[{}]>>,
                        %seed: tensor<f32, #mpt.s<[]>>, %w: tensor<10x5xf32, #mpt.s<[{"tp"=4}, {}]>>)
    -> tensor<8x5xf32, #mpt.s<[{}, {}], partial = [sum{"tp"=4}]>> {
  %dz = mpt.cross_entropy_grad %z, %labels, %lse, %seed {ignore_index = -100} : tensor<8x10xf32, #mpt.s<[{}, {"tp"=4}]>>, tensor<8xi64, #mpt.s<[{}]>>, tensor<8xf32, #mpt.s<[{}]>>, tensor<f32, #mpt.s<[]>> -> tensor<8x10xf32, #mpt.s<[{}, {"tp"=4}]>>
  %dh = mpt.dot_general %dz, %w contract [1] x [0] : tensor<8x10xf32, #mpt.s<[{}, {"tp"=4}]>>, tensor<10x5xf32, #mpt.s<[{"tp"=4}, {}]>> -> tensor<8x5xf32, #mpt.s<[{}, {}], partial = [sum{"tp"=4}]>>
  return %dh : tensor<8x5xf32, #mpt.s<[{}, {}], partial = [sum{"tp"=4}]>>
}

// A pad of a row has no index: the table needs no mask.
// CHECK-LABEL: func.func @rows
// CHECK-NOT: mask_pad
// CHECK: mpt.take %{{.*}}, %{{.*}}, %{{.*}} {axis = 0}
func.func @rows(%t: tensor<10x5xf32, #mpt.s<[{"tp"=4}, {}]>>, %i: tensor<8xi64, #mpt.s<[{}]>>)
    -> tensor<8x5xf32, #mpt.s<[{}, {}], partial = [sum{"tp"=4}]>> {
  %r = mpt.take %t, %i {axis = 0} : tensor<10x5xf32, #mpt.s<[{"tp"=4}, {}]>>, tensor<8xi64, #mpt.s<[{}]>> -> tensor<8x5xf32, #mpt.s<[{}, {}], partial = [sum{"tp"=4}]>>
  return %r : tensor<8x5xf32, #mpt.s<[{}, {}], partial = [sum{"tp"=4}]>>
}

// -----

// A batch of 64 over dp=3: bound 22, extents 22 22 20.
mpt.mesh <["dp"=3], time ["micro"=1]>
// Pads of labels are ignored ones; logits there do not matter.
// CHECK-LABEL: func.func @batch
// CHECK-SAME: %[[Z:.*]]: tensor<22x10xf32>, %[[L:.*]]: tensor<22xi64>
// CHECK: %[[E:.*]] = mpt.shard_extent {axes = ["dp"], size = 64}
// CHECK: %[[LM:.*]] = mpt.mask_pad %[[L]], %[[E]] {dim = 0, value = -100}
// CHECK: mpt.cross_entropy %[[Z]], %[[LM]]
func.func @batch(%z: tensor<64x10xf32, #mpt.s<[{"dp"=3}, {}]>>, %labels: tensor<64xi64, #mpt.s<[{"dp"=3}]>>)
    -> tensor<f32, #mpt.s<[], partial = [sum{"dp"=3}]>> {
  %ls, %lse = mpt.cross_entropy %z, %labels {ignore_index = -100} : tensor<64x10xf32, #mpt.s<[{"dp"=3}, {}]>>, tensor<64xi64, #mpt.s<[{"dp"=3}]>> -> tensor<f32, #mpt.s<[], partial = [sum{"dp"=3}]>>, tensor<64xf32, #mpt.s<[{"dp"=3}]>>
  return %ls : tensor<f32, #mpt.s<[], partial = [sum{"dp"=3}]>>
}

// One extent and one mask per value, dim and identity; what is elementwise needs
// none.
// CHECK-LABEL: func.func @gradients
// CHECK: %[[S:.*]] = mpt.mul %[[X:.*]], %[[DY:.*]] : tensor<22x4xf32>
// CHECK: %[[E:.*]] = mpt.shard_extent {axes = ["dp"], size = 64}
// CHECK: %[[XM:.*]] = mpt.mask_pad %[[X]], %[[E]] {dim = 0, value = 0.000000e+00 : f32}
// CHECK: %[[SM:.*]] = mpt.mask_pad %[[S]], %[[E]] {dim = 0, value = 0.000000e+00 : f32}
// CHECK: mpt.dot_general %[[XM]], %[[SM]]
// CHECK-NOT: mask_pad
// CHECK: mpt.reduce sum %[[SM]]
// CHECK: %[[MM:.*]] = mpt.mask_pad %[[S]], %[[E]] {dim = 0, value = 0xFF800000 : f32}
// CHECK: mpt.reduce max %[[MM]]
func.func @gradients(%x: tensor<64x4xf32, #mpt.s<[{"dp"=3}, {}]>>, %dy: tensor<64x4xf32, #mpt.s<[{"dp"=3}, {}]>>)
    -> (tensor<4x4xf32, #mpt.s<[{}, {}], partial = [sum{"dp"=3}]>>, tensor<4xf32, #mpt.s<[{}], partial = [sum{"dp"=3}]>>, tensor<4xf32, #mpt.s<[{}], partial = [max{"dp"=3}]>>) {
  %s = mpt.mul %x, %dy : tensor<64x4xf32, #mpt.s<[{"dp"=3}, {}]>>
  %dw = mpt.dot_general %x, %s contract [0] x [0] : tensor<64x4xf32, #mpt.s<[{"dp"=3}, {}]>>, tensor<64x4xf32, #mpt.s<[{"dp"=3}, {}]>> -> tensor<4x4xf32, #mpt.s<[{}, {}], partial = [sum{"dp"=3}]>>
  %db = mpt.reduce sum %s {axes = [0]} : tensor<64x4xf32, #mpt.s<[{"dp"=3}, {}]>> -> tensor<4xf32, #mpt.s<[{}], partial = [sum{"dp"=3}]>>
  %m = mpt.reduce max %s {axes = [0]} : tensor<64x4xf32, #mpt.s<[{"dp"=3}, {}]>> -> tensor<4xf32, #mpt.s<[{}], partial = [max{"dp"=3}]>>
  return %dw, %db, %m : tensor<4x4xf32, #mpt.s<[{}, {}], partial = [sum{"dp"=3}]>>, tensor<4xf32, #mpt.s<[{}], partial = [sum{"dp"=3}]>>, tensor<4xf32, #mpt.s<[{}], partial = [max{"dp"=3}]>>
}

// -----

// Both, and a batch that also lies in time: the labels of a step are two
// micro-batches of 32, each padded to 11; pads lie within, not at the end.
mpt.mesh <["dp"=3, "tp"=4], time ["micro"=2]>
// CHECK-LABEL: func.func @per_step
// CHECK-SAME: %[[L:.*]]: tensor<22xi64>
// CHECK: %[[E:.*]] = mpt.shard_extent {axes = ["dp"], size = 32}
// CHECK: %[[R:.*]] = mpt.reshape %[[L]] : tensor<22xi64> -> tensor<2x11xi64>
// CHECK: %[[M:.*]] = mpt.mask_pad %[[R]], %[[E]] {dim = 1, value = -100}
// CHECK: %[[B:.*]] = mpt.reshape %[[M]] : tensor<2x11xi64> -> tensor<22xi64>
// CHECK: mpt.label_weight %[[B]]
func.func @per_step(%labels: tensor<64xi64, #mpt.s<[{"micro"=2,"dp"=3}]>>) -> tensor<f32, #mpt.s<[], partial = [sum{"micro"=2,"dp"=3}]>> {
  %w = mpt.label_weight %labels {ignore_index = -100} : tensor<64xi64, #mpt.s<[{"micro"=2,"dp"=3}]>> -> tensor<f32, #mpt.s<[], partial = [sum{"micro"=2,"dp"=3}]>>
  return %w : tensor<f32, #mpt.s<[], partial = [sum{"micro"=2,"dp"=3}]>>
}
// CHECK-LABEL: func.func @both
// CHECK: mpt.mask_pad %{{.*}} {dim = 1, value = 0xFF800000 : f32} : tensor<11x3xf32>
// CHECK: %[[L:.*]] = mpt.mask_pad %{{.*}} {dim = 0, value = -100}
// CHECK: mpt.cross_entropy.finish %{{.*}}, %{{.*}}, %[[L]]
func.func @both(%z: tensor<32x10xf32, #mpt.s<[{"dp"=3}, {"tp"=4}]>>, %labels: tensor<32xi64, #mpt.s<[{"dp"=3}]>>)
    -> tensor<f32, #mpt.s<[], partial = [sum{"dp"=3,"tp"=4}]>> {
  %ls, %lse = mpt.cross_entropy %z, %labels {ignore_index = -100} : tensor<32x10xf32, #mpt.s<[{"dp"=3}, {"tp"=4}]>>, tensor<32xi64, #mpt.s<[{"dp"=3}]>> -> tensor<f32, #mpt.s<[], partial = [sum{"dp"=3,"tp"=4}]>>, tensor<32xf32, #mpt.s<[{"dp"=3}]>>
  return %ls : tensor<f32, #mpt.s<[], partial = [sum{"dp"=3,"tp"=4}]>>
}

// -----

// Hidden 7 over tp=2 through a norm of squares; zeros and slices are known to be
// zero at their pads.
mpt.mesh <["tp"=2], time ["micro"=1]>
// CHECK-LABEL: func.func @hidden
// CHECK: mpt.mask_pad %arg0, %{{.*}} {dim = 1, value = 0.000000e+00 : f32} : tensor<3x4xf32>
// CHECK: mpt.sum_squares
// CHECK-NOT: mask_pad
// CHECK: return
func.func @hidden(%w: tensor<3x7xf32, #mpt.s<[{}, {"tp"=2}]>>) -> (tensor<f32, #mpt.s<[], partial = [sum{"tp"=2}]>>, tensor<f32, #mpt.s<[], partial = [sum{"tp"=2}]>>, tensor<f32, #mpt.s<[], partial = [sum{"tp"=2}]>>) {
  %q = mpt.sum_squares %w : tensor<3x7xf32, #mpt.s<[{}, {"tp"=2}]>> -> tensor<f32, #mpt.s<[], partial = [sum{"tp"=2}]>>
  %0 = mpt.constant {value = 0.0 : f32} : tensor<7xf32, #mpt.s<[{"tp"=2}]>>
  %q0 = mpt.sum_squares %0 : tensor<7xf32, #mpt.s<[{"tp"=2}]>> -> tensor<f32, #mpt.s<[], partial = [sum{"tp"=2}]>>
  %1 = mpt.constant {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<3xf32, #mpt.s<[{"tp"=2}]>>
  %q1 = mpt.sum_squares %1 : tensor<3xf32, #mpt.s<[{"tp"=2}]>> -> tensor<f32, #mpt.s<[], partial = [sum{"tp"=2}]>>
  return %q, %q0, %q1 : tensor<f32, #mpt.s<[], partial = [sum{"tp"=2}]>>, tensor<f32, #mpt.s<[], partial = [sum{"tp"=2}]>>, tensor<f32, #mpt.s<[], partial = [sum{"tp"=2}]>>
}
