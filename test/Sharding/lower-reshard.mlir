// RUN: mpt-opt %s --mpt-localize-tasks --mpt-verify-localize --split-input-file | FileCheck %s
// Every step of a reshard that exists: what ends, what is sliced, moved, gathered.

mpt.mesh <["x"=2, "y"=3], time ["micro"=2]>

// A partial sum to everywhere: one all-reduce over all axes that end.
// CHECK-LABEL: func.func @all_reduce
// CHECK: mpt.all_reduce sum %arg0 over ["x", "y"] {bytes = 96} : tensor<6x4xf32>
// CHECK-NEXT: return
func.func @all_reduce(%v: tensor<6x4xf32, #mpt.s<[{}, {}], partial = [sum{"x"=2,"y"=3}]>>) -> tensor<6x4xf32, #mpt.s<[{}, {}]>> {
  %r = mpt.reshard %v : tensor<6x4xf32, #mpt.s<[{}, {}], partial = [sum{"x"=2,"y"=3}]>> -> tensor<6x4xf32, #mpt.s<[{}, {}]>>
  return %r : tensor<6x4xf32, #mpt.s<[{}, {}]>>
}

// What the result is cut by is scattered, the rest reduced on the smaller value.
// CHECK-LABEL: func.func @reduce_scatter
// CHECK: %[[S:.*]] = mpt.reduce_scatter sum %arg0 over ["x"] {bytes = 96, dim = 0} : tensor<6x4xf32> -> tensor<3x4xf32>
// CHECK-NEXT: mpt.all_reduce sum %[[S]] over ["y"] {bytes = 48} : tensor<3x4xf32>
// CHECK-NEXT: return
func.func @reduce_scatter(%v: tensor<6x4xf32, #mpt.s<[{}, {}], partial = [sum{"x"=2,"y"=3}]>>) -> tensor<6x4xf32, #mpt.s<[{"x"=2}, {}]>> {
  %r = mpt.reshard %v : tensor<6x4xf32, #mpt.s<[{}, {}], partial = [sum{"x"=2,"y"=3}]>> -> tensor<6x4xf32, #mpt.s<[{"x"=2}, {}]>>
  return %r : tensor<6x4xf32, #mpt.s<[{"x"=2}, {}]>>
}

// An uneven dim is not scattered but reduced and sliced (bound 3 of 7 over 3).
// CHECK-LABEL: func.func @reduce_slice
// CHECK: %[[S:.*]] = mpt.all_reduce max %arg0 over ["y"] {bytes = 28} : tensor<7xf32>
// CHECK-NEXT: mpt.shard_slice %[[S]] {axes = ["y"], dim = 0, size = 7} : tensor<7xf32> -> tensor<3xf32>
func.func @reduce_slice(%v: tensor<7xf32, #mpt.s<[{}], partial = [max{"y"=3}]>>) -> tensor<7xf32, #mpt.s<[{"y"=3}]>> {
  %r = mpt.reshard %v : tensor<7xf32, #mpt.s<[{}], partial = [max{"y"=3}]>> -> tensor<7xf32, #mpt.s<[{"y"=3}]>>
  return %r : tensor<7xf32, #mpt.s<[{"y"=3}]>>
}

// 7 over x, then y: bounds 4, 2. The minor axis first, back to the outer bound.
// CHECK-LABEL: func.func @gather_uneven
// CHECK: %[[A:.*]] = mpt.all_gather %arg0 over ["y"] {bytes = 24, dim = 0} : tensor<2xf32> -> tensor<6xf32>
// CHECK-NEXT: %[[B:.*]] = mpt.slice %[[A]] {limit = [4], start = [0]} : tensor<6xf32> -> tensor<4xf32>
// CHECK-NEXT: %[[C:.*]] = mpt.all_gather %[[B]] over ["x"] {bytes = 32, dim = 0} : tensor<4xf32> -> tensor<8xf32>
// CHECK-NEXT: mpt.slice %[[C]] {limit = [7], start = [0]} : tensor<8xf32> -> tensor<7xf32>
func.func @gather_uneven(%v: tensor<7xf32, #mpt.s<[{"x"=2,"y"=3}]>>) -> tensor<7xf32, #mpt.s<[{}]>> {
  %r = mpt.reshard %v : tensor<7xf32, #mpt.s<[{"x"=2,"y"=3}]>> -> tensor<7xf32, #mpt.s<[{}]>>
  return %r : tensor<7xf32, #mpt.s<[{}]>>
}

// A minor axis moves between even dims.
// CHECK-LABEL: func.func @move
// CHECK: mpt.all_to_all %arg0 over ["y"] {bytes = 24, concat_dim = 0, split_dim = 1} : tensor<1x6xf32> -> tensor<3x2xf32>
// CHECK-NEXT: return
func.func @move(%v: tensor<6x6xf32, #mpt.s<[{"x"=2,"y"=3}, {}]>>) -> tensor<6x6xf32, #mpt.s<[{"x"=2}, {"y"=3}]>> {
  %r = mpt.reshard %v : tensor<6x6xf32, #mpt.s<[{"x"=2,"y"=3}, {}]>> -> tensor<6x6xf32, #mpt.s<[{"x"=2}, {"y"=3}]>>
  return %r : tensor<6x6xf32, #mpt.s<[{"x"=2}, {"y"=3}]>>
}

// An axis that is not minor: the minor one waits on the other dim meanwhile.
// CHECK-LABEL: func.func @swap
// CHECK: mpt.all_to_all %arg0 over ["x"]
// CHECK-NEXT: mpt.all_gather %{{.*}} over ["y"]
// CHECK-NEXT: mpt.all_to_all %{{.*}} over ["x"]
// CHECK-NEXT: mpt.shard_slice %{{.*}} {axes = ["y"], dim = 0, size = 3}
func.func @swap(%v: tensor<6x4xf32, #mpt.s<[{"y"=3,"x"=2}, {}]>>) -> tensor<6x4xf32, #mpt.s<[{"x"=2,"y"=3}, {}]>> {
  %r = mpt.reshard %v : tensor<6x4xf32, #mpt.s<[{"y"=3,"x"=2}, {}]>> -> tensor<6x4xf32, #mpt.s<[{"x"=2,"y"=3}, {}]>>
  return %r : tensor<6x4xf32, #mpt.s<[{"x"=2,"y"=3}, {}]>>
}

// What is free is sliced before anything is gathered.
// CHECK-LABEL: func.func @slice_first
// CHECK: %[[S:.*]] = mpt.shard_slice %arg0 {axes = ["y"], dim = 1, size = 4} : tensor<3x4xf32> -> tensor<3x2xf32>
// CHECK-NEXT: mpt.all_gather %[[S]] over ["x"] {bytes = 48, dim = 0} : tensor<3x2xf32> -> tensor<6x2xf32>
func.func @slice_first(%v: tensor<6x4xf32, #mpt.s<[{"x"=2}, {}]>>) -> tensor<6x4xf32, #mpt.s<[{}, {"y"=3}]>> {
  %r = mpt.reshard %v : tensor<6x4xf32, #mpt.s<[{"x"=2}, {}]>> -> tensor<6x4xf32, #mpt.s<[{}, {"y"=3}]>>
  return %r : tensor<6x4xf32, #mpt.s<[{}, {"y"=3}]>>
}

// A value becomes a partial sum of itself: index 0 keeps it.
// CHECK-LABEL: func.func @begin_partial
// CHECK: mpt.mask_replicas %arg0 {axes = ["x"]} : tensor<4xf32>
func.func @begin_partial(%v: tensor<4xf32, #mpt.s<[{}]>>) -> tensor<4xf32, #mpt.s<[{}], partial = [sum{"x"=2}]>> {
  %r = mpt.reshard %v : tensor<4xf32, #mpt.s<[{}]>> -> tensor<4xf32, #mpt.s<[{}], partial = [sum{"x"=2}]>>
  return %r : tensor<4xf32, #mpt.s<[{}], partial = [sum{"x"=2}]>>
}

// The sum over the micro-batches of a step is in the operand already.
// CHECK-LABEL: func.func @per_step
// CHECK: mpt.all_reduce sum %arg0 over ["x"] {bytes = 4} : tensor<f32>
func.func @per_step(%v: tensor<f32, #mpt.s<[], partial = [sum{"micro"=2,"x"=2}]>>) -> tensor<f32, #mpt.s<[]>> {
  %r = mpt.reshard %v : tensor<f32, #mpt.s<[], partial = [sum{"micro"=2,"x"=2}]>> -> tensor<f32, #mpt.s<[]>>
  return %r : tensor<f32, #mpt.s<[]>>
}

// -----

// All-reduces over the same axes share a bucket; what reads it stands behind it.
mpt.mesh <["dp"=2, "tp"=2], time ["micro"=1]>
// CHECK-LABEL: func.func @s0_RS
// CHECK: mpt.all_reduce sum %arg1 over ["tp"] {bucket = 0, bytes = 20}
// CHECK: %[[A:.*]]:2 = mpt.all_reduce sum %arg0, %arg2 over ["dp"] {bucket = 1, bytes = 32}
// CHECK: mpt.shard_slice %[[A]]#0
func.func @s0_RS(%a: tensor<5xf32, #mpt.s<[{}], partial = [sum{"dp"=2}]>> {mpt.acc = @a},
                 %b: tensor<5xf32, #mpt.s<[{}], partial = [sum{"tp"=2}]>> {mpt.acc = @b},
                 %c: tensor<3xf32, #mpt.s<[{}], partial = [sum{"dp"=2}]>> {mpt.acc = @c})
    -> (tensor<5xf32, #mpt.s<[{"dp"=2}]>> {mpt.grad = @a}, tensor<5xf32, #mpt.s<[{}]>> {mpt.grad = @b}, tensor<3xf32, #mpt.s<[{}]>> {mpt.grad = @c}) {
  %0 = mpt.reshard %a : tensor<5xf32, #mpt.s<[{}], partial = [sum{"dp"=2}]>> -> tensor<5xf32, #mpt.s<[{"dp"=2}]>>
  %1 = mpt.reshard %b : tensor<5xf32, #mpt.s<[{}], partial = [sum{"tp"=2}]>> -> tensor<5xf32, #mpt.s<[{}]>>
  %2 = mpt.reshard %c : tensor<3xf32, #mpt.s<[{}], partial = [sum{"dp"=2}]>> -> tensor<3xf32, #mpt.s<[{}]>>
  return %0, %1, %2 : tensor<5xf32, #mpt.s<[{"dp"=2}]>>, tensor<5xf32, #mpt.s<[{}]>>, tensor<3xf32, #mpt.s<[{}]>>
}
