// RUN: mpt-opt %s --pass-pipeline='builtin.module(func.func(mpt-kernel-rows))' | FileCheck %s

// Six nests over the same rows become one, whose bounds are arguments; the
// buffers of the kernel keep one row each.
// CHECK-LABEL: func.func @softmax(
// CHECK-SAME: %[[x:.*]]: memref<32x64xf32>, %[[o:.*]]: memref<32x64xf32>, %[[begin:.*]]: index, %[[end:.*]]: index)
// CHECK-SAME: mpt.space = array<i64: 32, 64>
// CHECK: %[[m:.*]] = memref.alloca() {{.*}} : memref<1xf32>
// CHECK: %[[e:.*]] = memref.alloca() {{.*}} : memref<1x64xf32>
// CHECK: affine.for %[[i:.*]] = %[[begin]] to %[[end]] {
// CHECK-NEXT: affine.store %{{.*}}, %[[m]][0]
// CHECK: affine.load %[[x]][%[[i]], %{{.*}}]
// CHECK: affine.store %{{.*}}, %[[e]][0, %{{.*}}]
// CHECK: affine.store %{{.*}}, %[[o]][%[[i]], %{{.*}}]
// CHECK-NOT: affine.for %{{.*}} = 0 to 32
func.func @softmax(%x: memref<32x64xf32>, %o: memref<32x64xf32>) attributes {mpt.kernel} {
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %m = memref.alloc() {alignment = 64 : i64} : memref<32xf32>
  affine.for %i = 0 to 32 {
    affine.store %low, %m[%i] : memref<32xf32>
  }
  affine.for %i = 0 to 32 {
    affine.for %j = 0 to 64 {
      %0 = affine.load %x[%i, %j] : memref<32x64xf32>
      %1 = affine.load %m[%i] : memref<32xf32>
      %2 = arith.maximumf %0, %1 : f32
      affine.store %2, %m[%i] : memref<32xf32>
    }
  }
  %e = memref.alloc() {alignment = 64 : i64} : memref<32x64xf32>
  affine.for %i = 0 to 32 {
    affine.for %j = 0 to 64 {
      %0 = affine.load %x[%i, %j] : memref<32x64xf32>
      %1 = affine.load %m[%i] : memref<32xf32>
      %2 = arith.subf %0, %1 : f32
      %3 = math.exp %2 : f32
      affine.store %3, %e[%i, %j] : memref<32x64xf32>
    }
  }
  affine.for %i = 0 to 32 {
    affine.store %zero, %m[%i] : memref<32xf32>
  }
  affine.for %i = 0 to 32 {
    affine.for %j = 0 to 64 {
      %0 = affine.load %e[%i, %j] : memref<32x64xf32>
      %1 = affine.load %m[%i] : memref<32xf32>
      %2 = arith.addf %0, %1 : f32
      affine.store %2, %m[%i] : memref<32xf32>
    }
  }
  affine.for %i = 0 to 32 {
    affine.for %j = 0 to 64 {
      %0 = affine.load %e[%i, %j] : memref<32x64xf32>
      %1 = affine.load %m[%i] : memref<32xf32>
      %2 = arith.divf %0, %1 : f32
      affine.store %2, %o[%i, %j] : memref<32x64xf32>
    }
  }
  return
}

// A sum over the rows of a matrix is parallel in its columns: the inner loop of
// the second nest, and the only loop of the first.
// CHECK-LABEL: func.func @columns(
// CHECK-SAME: %[[begin:[^:]*]]: index, %[[end:[^:]*]]: index)
// CHECK-SAME: mpt.space = array<i64: 64, 496>
// CHECK: affine.for %{{.*}} = %[[begin]] to %[[end]] {
// CHECK: affine.for %{{.*}} = 0 to 32
// CHECK-NEXT: affine.for %{{.*}} = %[[begin]] to %[[end]] {
func.func @columns(%x: memref<32x64xf32>, %o: memref<64xf32>) attributes {mpt.kernel} {
  %zero = arith.constant 0.0 : f32
  affine.for %j = 0 to 64 {
    affine.store %zero, %o[%j] : memref<64xf32>
  }
  affine.for %i = 0 to 32 {
    affine.for %j = 0 to 64 {
      %0 = affine.load %x[%i, %j] : memref<32x64xf32>
      %1 = affine.load %o[%j] : memref<64xf32>
      %2 = arith.addf %1, %0 : f32
      affine.store %2, %o[%j] : memref<64xf32>
    }
  }
  return
}

// All rows add to one number: one row.
// CHECK-LABEL: func.func @total(
// CHECK-SAME: mpt.space = array<i64: 1, 1>
// CHECK: affine.for %{{.*}} = 0 to 64
func.func @total(%x: memref<64xf32>, %o: memref<f32>) attributes {mpt.kernel} {
  affine.for %j = 0 to 64 {
    %0 = affine.load %x[%j] : memref<64xf32>
    %1 = affine.load %o[] : memref<f32>
    %2 = arith.addf %1, %0 : f32
    affine.store %2, %o[] : memref<f32>
  }
  return
}

// A running sum in a scalar of the kernel is no range of rows either.
// CHECK-LABEL: func.func @scan(
// CHECK-SAME: mpt.space = array<i64: 1, 1>
func.func @scan(%x: memref<64xf32>, %o: memref<64xf32>) attributes {mpt.kernel} {
  %zero = arith.constant 0.0 : f32
  %s = memref.alloc() : memref<f32>
  affine.store %zero, %s[] : memref<f32>
  affine.for %j = 0 to 64 {
    %0 = affine.load %x[%j] : memref<64xf32>
    %1 = affine.load %s[] : memref<f32>
    %2 = arith.addf %1, %0 : f32
    affine.store %2, %s[] : memref<f32>
    affine.store %2, %o[%j] : memref<64xf32>
  }
  return
}

// The second nest reads rows of the first that are not its own: not fused, and
// no range of rows.
// CHECK-LABEL: func.func @symmetric(
// CHECK-SAME: mpt.space = array<i64: 1, 1>
// CHECK: memref.alloca() {{.*}} : memref<8x8xf32>
func.func @symmetric(%x: memref<8x8xf32>, %o: memref<8x8xf32>) attributes {mpt.kernel} {
  %t = memref.alloc() {alignment = 64 : i64} : memref<8x8xf32>
  affine.for %i = 0 to 8 {
    affine.for %j = 0 to 8 {
      %0 = affine.load %x[%i, %j] : memref<8x8xf32>
      %1 = arith.addf %0, %0 : f32
      affine.store %1, %t[%i, %j] : memref<8x8xf32>
    }
  }
  affine.for %i = 0 to 8 {
    affine.for %j = 0 to 8 {
      %0 = affine.load %t[%j, %i] : memref<8x8xf32>
      %1 = affine.load %t[%i, %j] : memref<8x8xf32>
      %2 = arith.addf %0, %1 : f32
      affine.store %2, %o[%i, %j] : memref<8x8xf32>
    }
  }
  return
}

// Work on scalars before the rows is done by every worker again.
// CHECK-LABEL: func.func @scaled(
// CHECK-SAME: mpt.space = array<i64: 4096, 16384>
func.func @scaled(%s: memref<f32>, %x: memref<4096xf32>) attributes {mpt.kernel} {
  %k = memref.alloc() : memref<f32>
  %0 = affine.load %s[] : memref<f32>
  %1 = math.sqrt %0 : f32
  affine.store %1, %k[] : memref<f32>
  affine.for %i = 0 to 4096 {
    %2 = affine.load %x[%i] : memref<4096xf32>
    %3 = affine.load %k[] : memref<f32>
    %4 = arith.mulf %2, %3 : f32
    affine.store %4, %x[%i] : memref<4096xf32>
  }
  return
}

// Large buffers are on the heap and freed.
// CHECK-LABEL: func.func @heap(
// CHECK: %[[t:.*]] = memref.alloc() : memref<64x256xf32>
// CHECK: memref.dealloc %[[t]]
// CHECK-NEXT: return
func.func @heap(%x: memref<256x64xf32>, %o: memref<256x64xf32>) attributes {mpt.kernel} {
  %t = memref.alloc() : memref<64x256xf32>
  affine.for %i = 0 to 256 {
    affine.for %j = 0 to 64 {
      %0 = affine.load %x[%i, %j] : memref<256x64xf32>
      affine.store %0, %t[%j, %i] : memref<64x256xf32>
    }
  }
  affine.for %i = 0 to 64 {
    affine.for %j = 0 to 256 {
      %0 = affine.load %t[%i, %j] : memref<64x256xf32>
      affine.store %0, %o[%j, %i] : memref<256x64xf32>
    }
  }
  return
}

// A function that is no kernel is left alone.
// CHECK-LABEL: func.func @other(
// CHECK-SAME: %{{.*}}: memref<4xf32>) {
func.func @other(%x: memref<4xf32>) {
  return
}
