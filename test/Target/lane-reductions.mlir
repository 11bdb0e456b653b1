// RUN: mpt-opt %s --pass-pipeline='builtin.module(func.func(mpt-lane-reductions))' | FileCheck %s

// 100 = 3 * 32 + 4: three steps of 32 lanes, a tree of five levels, four
// elements one by one. What varies along the row becomes lanes; `max` of the
// row is spread.
// CHECK-LABEL: func.func @sum_of_exp(
// CHECK: affine.for %[[I:.*]] = 0 to 8
// CHECK: %[[LANES:.*]] = affine.for %[[J:.*]] = 0 to 96 step 32 iter_args(%[[ACC:.*]] = %{{.*}}) -> (vector<32xf32>)
// CHECK: %[[Z:.*]] = affine.vector_load %{{.*}}[%[[I]], %[[J]]] : memref<8x100xf32>, vector<32xf32>
// CHECK: %[[M:.*]] = affine.load %{{.*}}[%[[I]]] : memref<8xf32>
// CHECK: %[[SPREAD:.*]] = vector.broadcast %[[M]] : f32 to vector<32xf32>
// CHECK: %[[D:.*]] = arith.subf %[[Z]], %[[SPREAD]] : vector<32xf32>
// CHECK: %[[E:.*]] = math.exp %[[D]] : vector<32xf32>
// CHECK: arith.addf %[[ACC]], %[[E]] : vector<32xf32>
// CHECK: vector.extract_strided_slice %[[LANES]] {offsets = [16], sizes = [16], strides = [1]}
// CHECK: arith.addf {{.*}} : vector<16xf32>
// CHECK: arith.addf {{.*}} : vector<1xf32>
// CHECK: affine.for %{{.*}} = 96 to 100
func.func @sum_of_exp(%z: memref<8x100xf32>, %max: memref<8xf32>, %sum: memref<8xf32>) {
  affine.for %i = 0 to 8 {
    affine.for %j = 0 to 100 {
      %x = affine.load %z[%i, %j] : memref<8x100xf32>
      %m = affine.load %max[%i] : memref<8xf32>
      %s = affine.load %sum[%i] : memref<8xf32>
      %d = arith.subf %x, %m : f32
      %e = math.exp %d : f32
      %n = arith.addf %s, %e : f32
      affine.store %n, %sum[%i] : memref<8xf32>
    }
  }
  return
}

// Sums of columns are parallel along the row already; short rows, and sums of
// elements that do not lie side by side, stay as they are.
// CHECK-LABEL: func.func @others(
// CHECK-NOT: vector
func.func @others(%x: memref<100x100xf32>, %y: memref<100x40xf32>, %r: memref<100xf32>) {
  affine.for %i = 0 to 100 {
    affine.for %j = 0 to 100 {
      %a = affine.load %x[%i, %j] : memref<100x100xf32>
      %s = affine.load %r[%j] : memref<100xf32>
      %n = arith.addf %s, %a : f32
      affine.store %n, %r[%j] : memref<100xf32>
    }
    affine.for %j = 0 to 40 {
      %a = affine.load %y[%i, %j] : memref<100x40xf32>
      %s = affine.load %r[%i] : memref<100xf32>
      %n = arith.addf %s, %a : f32
      affine.store %n, %r[%i] : memref<100xf32>
    }
    affine.for %j = 0 to 100 {
      %a = affine.load %x[%j, %i] : memref<100x100xf32>
      %s = affine.load %r[%i] : memref<100xf32>
      %n = arith.addf %s, %a : f32
      affine.store %n, %r[%i] : memref<100xf32>
    }
  }
  return
}
