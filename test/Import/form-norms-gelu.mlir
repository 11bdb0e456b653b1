// Norms and gelu are found in what exporters spell out, and nothing else is.
// RUN: mpt-opt %s --split-input-file --mpt-form-composites | FileCheck %s

// CHECK-LABEL: func.func @rms
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<2x3x4xf32>, %[[W:[a-z0-9]+]]: tensor<4xf32>
// CHECK-NEXT: %[[Y:.*]], %{{.*}} = mpt.rms_norm %[[X]], %[[W]] {axis = 2, eps = 9.9999999747524271E-7, id = {{[0-9]+}}}
// CHECK-NEXT: return %[[Y]]
func.func @rms(%x: tensor<2x3x4xf32>, %w: tensor<4xf32>) -> tensor<2x3x4xf32> {
  %sq = mpt.mul %x, %x {id = 0} : tensor<2x3x4xf32>
  %sum = mpt.reduce sum %sq {id = 1, axes = [2]} : tensor<2x3x4xf32> -> tensor<2x3xf32>
  %n = mpt.constant {id = 2, value = 4.0 : f32} : tensor<2x3xf32>
  %mean = mpt.div %sum, %n {id = 3} : tensor<2x3xf32>
  %mean1 = mpt.reshape %mean {id = 4} : tensor<2x3xf32> -> tensor<2x3x1xf32>
  %eps = mpt.constant {id = 5, value = 1.0e-6 : f32} : tensor<2x3x1xf32>
  %var = mpt.add %mean1, %eps {id = 6} : tensor<2x3x1xf32>
  %root = mpt.sqrt %var {id = 7} : tensor<2x3x1xf32>
  %one = mpt.constant {id = 8, value = 1.0 : f32} : tensor<2x3x1xf32>
  %r1 = mpt.div %one, %root {id = 9} : tensor<2x3x1xf32>
  %r = mpt.reshape %r1 {id = 10} : tensor<2x3x1xf32> -> tensor<2x3xf32>
  %rb = mpt.broadcast %r {id = 11, dims = [0, 1]} : tensor<2x3xf32> -> tensor<2x3x4xf32>
  %h = mpt.mul %x, %rb {id = 12} : tensor<2x3x4xf32>
  %wb = mpt.broadcast %w {id = 13, dims = [2]} : tensor<4xf32> -> tensor<2x3x4xf32>
  %y = mpt.mul %wb, %h {id = 14} : tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// -----

// By a quotient, with a bias.
// CHECK-LABEL: func.func @layer
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<2x4xf32>, %[[W:[a-z0-9]+]]: tensor<4xf32>, %[[B:[a-z0-9]+]]: tensor<4xf32>
// CHECK-NEXT: %[[Y:.*]], %{{.*}}, %{{.*}} = mpt.layer_norm %[[X]], %[[W]], %[[B]] {axis = 1, eps = 5.000000e-01, id = {{[0-9]+}}}
// CHECK-NEXT: return %[[Y]]
func.func @layer(%x: tensor<2x4xf32>, %w: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  %sum = mpt.reduce sum %x {id = 0, axes = [1]} : tensor<2x4xf32> -> tensor<2xf32>
  %n = mpt.constant {id = 1, value = 0.25 : f32} : tensor<2xf32>
  %mean = mpt.mul %sum, %n {id = 2} : tensor<2xf32>
  %meanb = mpt.broadcast %mean {id = 3, dims = [0]} : tensor<2xf32> -> tensor<2x4xf32>
  %d = mpt.sub %x, %meanb {id = 4} : tensor<2x4xf32>
  %two = mpt.constant {id = 5, value = 2.0 : f32} : tensor<2x4xf32>
  %sq = mpt.pow %d, %two {id = 6} : tensor<2x4xf32>
  %sum2 = mpt.reduce sum %sq {id = 7, axes = [1]} : tensor<2x4xf32> -> tensor<2xf32>
  %mean2 = mpt.mul %sum2, %n {id = 8} : tensor<2xf32>
  %eps = mpt.constant {id = 9, value = 0.5 : f32} : tensor<2xf32>
  %var = mpt.add %eps, %mean2 {id = 10} : tensor<2xf32>
  %root = mpt.sqrt %var {id = 11} : tensor<2xf32>
  %rootb = mpt.broadcast %root {id = 12, dims = [0]} : tensor<2xf32> -> tensor<2x4xf32>
  %h = mpt.div %d, %rootb {id = 13} : tensor<2x4xf32>
  %wb = mpt.broadcast %w {id = 14, dims = [1]} : tensor<4xf32> -> tensor<2x4xf32>
  %hw = mpt.mul %h, %wb {id = 15} : tensor<2x4xf32>
  %bb = mpt.broadcast %b {id = 16, dims = [1]} : tensor<4xf32> -> tensor<2x4xf32>
  %y = mpt.add %hw, %bb {id = 17} : tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

// A mean over fewer elements than there are, the square of another value.
// CHECK-LABEL: func.func @neither
// CHECK-NOT: mpt.rms_norm
func.func @neither(%x: tensor<2x4xf32>, %z: tensor<2x4xf32>, %w: tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %wb = mpt.broadcast %w {id = 0, dims = [1]} : tensor<4xf32> -> tensor<2x4xf32>
  %sq = mpt.mul %x, %x {id = 1} : tensor<2x4xf32>
  %sum = mpt.reduce sum %sq {id = 2, axes = [1]} : tensor<2x4xf32> -> tensor<2xf32>
  %n = mpt.constant {id = 3, value = 3.0 : f32} : tensor<2xf32>
  %mean = mpt.div %sum, %n {id = 4} : tensor<2xf32>
  %eps = mpt.constant {id = 5, value = 0.5 : f32} : tensor<2xf32>
  %var = mpt.add %mean, %eps {id = 6} : tensor<2xf32>
  %r = mpt.rsqrt %var {id = 7} : tensor<2xf32>
  %rb = mpt.broadcast %r {id = 8, dims = [0]} : tensor<2xf32> -> tensor<2x4xf32>
  %h = mpt.mul %x, %rb {id = 9} : tensor<2x4xf32>
  %a = mpt.mul %h, %wb {id = 10} : tensor<2x4xf32>
  %n4 = mpt.constant {id = 11, value = 4.0 : f32} : tensor<2xf32>
  %mean4 = mpt.div %sum, %n4 {id = 12} : tensor<2xf32>
  %var4 = mpt.add %mean4, %eps {id = 13} : tensor<2xf32>
  %r4 = mpt.rsqrt %var4 {id = 14} : tensor<2xf32>
  %rb4 = mpt.broadcast %r4 {id = 15, dims = [0]} : tensor<2xf32> -> tensor<2x4xf32>
  %h4 = mpt.mul %z, %rb4 {id = 16} : tensor<2x4xf32>
  %b = mpt.mul %h4, %wb {id = 17} : tensor<2x4xf32>
  return %a, %b : tensor<2x4xf32>, tensor<2x4xf32>
}

// -----

// gelu of a product, times another value, by tanh; gelu by erf; another number
// than 0.044715 is no gelu.
// CHECK-LABEL: func.func @gelu
// CHECK: %[[X:.*]] = mpt.mul %{{.*}}, %{{.*}} {id = 0}
// CHECK: %[[G:.*]] = mpt.gelu %[[X]] {approx = "tanh"
// CHECK-NEXT: %[[A:.*]] = mpt.mul %[[G]], %{{.*}} {id = 11}
// CHECK-NEXT: %[[B:.*]] = mpt.gelu %[[X]] {approx = "none"
// CHECK: mpt.tanh
// CHECK: %[[C:.*]] = mpt.mul
// CHECK-NEXT: return %[[A]], %[[B]], %[[C]]
func.func @gelu(%u: tensor<4xf32>, %v: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %x = mpt.mul %u, %v {id = 0} : tensor<4xf32>
  %half = mpt.constant {id = 1, value = 0.5 : f32} : tensor<4xf32>
  %one = mpt.constant {id = 2, value = 1.0 : f32} : tensor<4xf32>
  %three = mpt.constant {id = 3, value = 3.0 : f32} : tensor<4xf32>
  %a = mpt.constant {id = 4, value = 0.044715 : f32} : tensor<4xf32>
  %c = mpt.constant {id = 5, value = 0.797884583 : f32} : tensor<4xf32>
  %cube = mpt.pow %x, %three {id = 6} : tensor<4xf32>
  %ac = mpt.mul %a, %cube {id = 7} : tensor<4xf32>
  %s = mpt.add %x, %ac {id = 8} : tensor<4xf32>
  %cs = mpt.mul %s, %c {id = 20} : tensor<4xf32>
  %t = mpt.tanh %cs {id = 21} : tensor<4xf32>
  %t1 = mpt.add %one, %t {id = 22} : tensor<4xf32>
  %hx = mpt.mul %half, %x {id = 9} : tensor<4xf32>
  %g = mpt.mul %hx, %t1 {id = 10} : tensor<4xf32>
  %gated = mpt.mul %g, %u {id = 11} : tensor<4xf32>
  %root2 = mpt.constant {id = 12, value = 1.41421354 : f32} : tensor<4xf32>
  %xr = mpt.div %x, %root2 {id = 13} : tensor<4xf32>
  %e = mpt.erf %xr {id = 14} : tensor<4xf32>
  %e1 = mpt.add %e, %one {id = 15} : tensor<4xf32>
  %xe = mpt.mul %x, %e1 {id = 16} : tensor<4xf32>
  %b = mpt.mul %xe, %half {id = 17} : tensor<4xf32>
  %ac2 = mpt.mul %c, %cube {id = 18} : tensor<4xf32>
  %s2 = mpt.add %x, %ac2 {id = 19} : tensor<4xf32>
  %cs2 = mpt.mul %s2, %c {id = 23} : tensor<4xf32>
  %t2 = mpt.tanh %cs2 {id = 24} : tensor<4xf32>
  %t21 = mpt.add %one, %t2 {id = 25} : tensor<4xf32>
  %other = mpt.mul %hx, %t21 {id = 26} : tensor<4xf32>
  return %gated, %b, %other : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
