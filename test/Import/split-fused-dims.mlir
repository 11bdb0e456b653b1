// RUN: mpt-opt %s --mpt-split-fused-dims --split-input-file --verify-roundtrip | FileCheck %s

// q, k, v of one layer with a bias: weight, bias and all that lies between get
// the dims 3 x 6, and the states keep the shape of the file. The weight is
// transposed on its way, the activations are reshaped.
#w = #mpt.slice<"m.onnx", 0, 288, f32>
#b = #mpt.slice<"m.onnx", 288, 72, f32>
// CHECK-LABEL: module @qkv
module @qkv {
  // CHECK: mpt.state @w : tensor<3x6x4xf32> {file_shape = array<i64: 18, 4>, {{.*}}source = #mpt.slice<"m.onnx", 0, 288, f32>
  mpt.state @w : tensor<18x4xf32> {role = "parameter", source = #w}
  // CHECK: mpt.state @b : tensor<3x6xf32> {file_shape = array<i64: 18>
  mpt.state @b : tensor<18xf32> {role = "parameter", source = #b}
  func.func @predict(%x: tensor<10x4xf32>) -> (tensor<2x5x6xf32>, tensor<2x5x6xf32>) {
    %w = mpt.read @w : tensor<18x4xf32>
    %b = mpt.read @b : tensor<18xf32>
    // CHECK: %[[W:.*]] = mpt.transpose %{{.*}} {id = 0, perm = [2, 0, 1]} : tensor<3x6x4xf32> -> tensor<4x3x6xf32>
    %t = mpt.transpose %w {id = 0, perm = [1, 0]} : tensor<18x4xf32> -> tensor<4x18xf32>
    // CHECK: %[[Y:.*]] = mpt.dot_general %arg0, %[[W]] contract [1] x [0] {id = 1} : tensor<10x4xf32>, tensor<4x3x6xf32> -> tensor<10x3x6xf32>
    %y = mpt.dot_general %x, %t contract [1] x [0] {id = 1} : tensor<10x4xf32>, tensor<4x18xf32> -> tensor<10x18xf32>
    // CHECK: mpt.broadcast %{{.*}} {dims = [1, 2], id = 2} : tensor<3x6xf32> -> tensor<10x3x6xf32>
    %c = mpt.broadcast %b {dims = [1], id = 2} : tensor<18xf32> -> tensor<10x18xf32>
    // CHECK: mpt.add {{.*}} {id = 3} : tensor<10x3x6xf32>
    %a = mpt.add %y, %c {id = 3} : tensor<10x18xf32>
    // CHECK: %[[R:.*]] = mpt.reshape {{.*}} {id = 4} : tensor<10x3x6xf32> -> tensor<2x5x3x6xf32>
    %r = mpt.reshape %a {id = 4} : tensor<10x18xf32> -> tensor<2x5x18xf32>
    // CHECK: %[[Q:.*]] = mpt.slice %[[R]] {id = 5, limit = [2, 5, 1, 6], start = [0, 0, 0, 0]} : tensor<2x5x3x6xf32> -> tensor<2x5x1x6xf32>
    // CHECK: mpt.reshape %[[Q]] {id = 7} : tensor<2x5x1x6xf32> -> tensor<2x5x6xf32>
    %q = mpt.slice %r {id = 5, start = [0, 0, 0], limit = [2, 5, 6]} : tensor<2x5x18xf32> -> tensor<2x5x6xf32>
    // CHECK: mpt.slice %[[R]] {id = 6, limit = [2, 5, 3, 6], start = [0, 0, 2, 0]} : tensor<2x5x3x6xf32> -> tensor<2x5x1x6xf32>
    %v = mpt.slice %r {id = 6, start = [0, 0, 12], limit = [2, 5, 18]} : tensor<2x5x18xf32> -> tensor<2x5x6xf32>
    return %q, %v : tensor<2x5x6xf32>, tensor<2x5x6xf32>
  }
}

// -----

// Split off by a reshape: [B, 3 H D] -> [B, 3, H, D]. What else uses the layer
// gets it fused.
#w = #mpt.slice<"m.onnx", 0, 192, f32>
// CHECK-LABEL: module @reshaped
module @reshaped {
  // CHECK: mpt.state @w : tensor<4x3x4xf32> {file_shape = array<i64: 4, 12>
  mpt.state @w : tensor<4x12xf32> {role = "parameter", source = #w}
  func.func @predict(%x: tensor<10x4xf32>) -> (tensor<1x10x2x2xf32>, tensor<10x12xf32>) {
    %w = mpt.read @w : tensor<4x12xf32>
    // CHECK: %[[Y:.*]] = mpt.dot_general {{.*}} -> tensor<10x3x4xf32>
    // CHECK: %[[F:.*]] = mpt.reshape %[[Y]] {{.*}} -> tensor<10x12xf32>
    // CHECK: mpt.reshape %[[Y]] {id = 1} : tensor<10x3x4xf32> -> tensor<10x3x2x2xf32>
    %y = mpt.dot_general %x, %w contract [1] x [0] {id = 0} : tensor<10x4xf32>, tensor<4x12xf32> -> tensor<10x12xf32>
    %r = mpt.reshape %y {id = 1} : tensor<10x12xf32> -> tensor<10x3x2x2xf32>
    %t = mpt.transpose %r {id = 2, perm = [1, 0, 2, 3]} : tensor<10x3x2x2xf32> -> tensor<3x10x2x2xf32>
    %q = mpt.slice %t {id = 3, start = [0, 0, 0, 0], limit = [1, 10, 2, 2]} : tensor<3x10x2x2xf32> -> tensor<1x10x2x2xf32>
    // CHECK: return %{{.*}}, %[[F]]
    return %q, %y : tensor<1x10x2x2xf32>, tensor<10x12xf32>
  }
}

// -----

// As they are: unequal slices (grouped queries), halves of heads (a rotary
// embedding), slices of what no layer made.
#w = #mpt.slice<"m.onnx", 0, 128, f32>
// CHECK-LABEL: module @kept
module @kept {
  // CHECK: mpt.state @w : tensor<4x8xf32> {role
  mpt.state @w : tensor<4x8xf32> {role = "parameter", source = #w}
  func.func @predict(%x: tensor<6x4xf32>) -> (tensor<6x4xf32>, tensor<6x2xf32>, tensor<6x2x2xf32>, tensor<6x2xf32>) {
    %w = mpt.read @w : tensor<4x8xf32>
    %y = mpt.dot_general %x, %w contract [1] x [0] {id = 0} : tensor<6x4xf32>, tensor<4x8xf32> -> tensor<6x8xf32>
    // CHECK: mpt.slice {{.*}} -> tensor<6x4xf32>
    %q = mpt.slice %y {id = 1, start = [0, 0], limit = [6, 4]} : tensor<6x8xf32> -> tensor<6x4xf32>
    %k = mpt.slice %y {id = 2, start = [0, 4], limit = [6, 6]} : tensor<6x8xf32> -> tensor<6x2xf32>
    %h = mpt.reshape %y {id = 3} : tensor<6x8xf32> -> tensor<6x2x4xf32>
    // CHECK: mpt.slice {{.*}} -> tensor<6x2x2xf32>
    %l = mpt.slice %h {id = 4, start = [0, 0, 0], limit = [6, 2, 2]} : tensor<6x2x4xf32> -> tensor<6x2x2xf32>
    // CHECK: mpt.slice %arg0 {{.*}} -> tensor<6x2xf32>
    %s = mpt.slice %x {id = 5, start = [0, 0], limit = [6, 2]} : tensor<6x4xf32> -> tensor<6x2xf32>
    return %q, %k, %l, %s : tensor<6x4xf32>, tensor<6x2xf32>, tensor<6x2x2xf32>, tensor<6x2xf32>
  }
}
