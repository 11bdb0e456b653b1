// Attention is found in what exporters spell out: through scales, moves and
// repeated heads; causal masks are proved, other masks keep their small form.
// RUN: mpt-opt %s --split-input-file --mpt-form-composites | FileCheck %s

// Scales before the product, a key that is flattened and transposed, an added mask
// of the largest negative number, rows of NaN set to zero; names follow.
// CHECK-LABEL: module @exported
// CHECK-SAME: mpt.nodes = {"0" = "q", "1" = "k", "2" = "v", "3" = "q4", "41" = "sdpa", "42" = "sdpa", "43" = "sdpa", "44" = "sdpa"}
// CHECK: %[[X:[a-z0-9]+]]: tensor<2x5x12xf32>
// CHECK-DAG: %[[Q:.*]] = mpt.slice %[[X]] {id = 0
// CHECK-DAG: %[[K:.*]] = mpt.slice %[[X]] {id = 1
// CHECK-DAG: %[[V:.*]] = mpt.slice %[[X]] {id = 2
// CHECK: %[[Y:.*]], %{{.*}} = mpt.attention %{{.*}}, %{{.*}}, %{{.*}} {causal = 0, id = {{[0-9]+}}, scale = 2.500000e-01, zero_rows} : tensor<2x2x5x2xf32>, tensor<2x2x5x2xf32>, tensor<2x2x5x2xf32> -> tensor<2x2x5x2xf32>, tensor<2x2x5xf32>
// CHECK-NEXT: return %[[Y]]
module @exported attributes {mpt.nodes = {"0" = "q", "1" = "k", "2" = "v", "3" = "q4", "20" = "sdpa"}} {
  func.func @predict(%x: tensor<2x5x12xf32>) -> tensor<2x2x5x2xf32> {
    %q = mpt.slice %x {id = 0, start = [0, 0, 0], limit = [2, 5, 4]} : tensor<2x5x12xf32> -> tensor<2x5x4xf32>
    %k = mpt.slice %x {id = 1, start = [0, 0, 4], limit = [2, 5, 8]} : tensor<2x5x12xf32> -> tensor<2x5x4xf32>
    %v = mpt.slice %x {id = 2, start = [0, 0, 8], limit = [2, 5, 12]} : tensor<2x5x12xf32> -> tensor<2x5x4xf32>
    %q4 = mpt.reshape %q {id = 3} : tensor<2x5x4xf32> -> tensor<2x5x2x2xf32>
    %k4 = mpt.reshape %k {id = 4} : tensor<2x5x4xf32> -> tensor<2x5x2x2xf32>
    %v4 = mpt.reshape %v {id = 5} : tensor<2x5x4xf32> -> tensor<2x5x2x2xf32>
    %qt = mpt.transpose %q4 {id = 6, perm = [0, 2, 1, 3]} : tensor<2x5x2x2xf32> -> tensor<2x2x5x2xf32>
    %kt = mpt.transpose %k4 {id = 7, perm = [0, 2, 1, 3]} : tensor<2x5x2x2xf32> -> tensor<2x2x5x2xf32>
    %vt = mpt.transpose %v4 {id = 8, perm = [0, 2, 1, 3]} : tensor<2x5x2x2xf32> -> tensor<2x2x5x2xf32>
    %kf = mpt.reshape %kt {id = 9} : tensor<2x2x5x2xf32> -> tensor<4x5x2xf32>
    %kft = mpt.transpose %kf {id = 10, perm = [0, 2, 1]} : tensor<4x5x2xf32> -> tensor<4x2x5xf32>
    %kb = mpt.reshape %kft {id = 11} : tensor<4x2x5xf32> -> tensor<2x2x2x5xf32>
    %half = mpt.constant {id = 12, value = 0.5 : f32} : tensor<2x2x5x2xf32>
    %half2 = mpt.constant {id = 13, value = 0.5 : f32} : tensor<2x2x2x5xf32>
    %qs = mpt.mul %qt, %half {id = 14} : tensor<2x2x5x2xf32>
    %ks = mpt.mul %kb, %half2 {id = 15} : tensor<2x2x2x5xf32>
    %tri = mpt.constant {id = 16, value = dense<[[true, false, false, false, false], [true, true, false, false, false], [true, true, true, false, false], [true, true, true, true, false], [true, true, true, true, true]]> : tensor<5x5xi1>} : tensor<5x5xi1>
    %tri4 = mpt.broadcast %tri {id = 17, dims = [2, 3]} : tensor<5x5xi1> -> tensor<2x1x5x5xi1>
    %zero = mpt.constant {id = 30, value = 0.0 : f32} : tensor<2x1x5x5xf32>
    %least = mpt.constant {id = 31, value = -3.40282347E+38 : f32} : tensor<2x1x5x5xf32>
    %mask = mpt.select %tri4, %zero, %least {id = 32} : tensor<2x1x5x5xi1>, tensor<2x1x5x5xf32>, tensor<2x1x5x5xf32> -> tensor<2x1x5x5xf32>
    %mask3 = mpt.reshape %mask {id = 33} : tensor<2x1x5x5xf32> -> tensor<2x5x5xf32>
    %mask4 = mpt.broadcast %mask3 {id = 34, dims = [0, 2, 3]} : tensor<2x5x5xf32> -> tensor<2x2x5x5xf32>
    %s = mpt.dot_general %qs, %ks batch [0, 1] x [0, 1] contract [3] x [2] {id = 35} : tensor<2x2x5x2xf32>, tensor<2x2x2x5xf32> -> tensor<2x2x5x5xf32>
    %sm = mpt.add %s, %mask4 {id = 36} : tensor<2x2x5x5xf32>
    %w = mpt.softmax %sm {id = 37, axis = 3} : tensor<2x2x5x5xf32>
    %nan = mpt.is_nan %w {id = 38} : tensor<2x2x5x5xf32> -> tensor<2x2x5x5xi1>
    %zeros = mpt.constant {id = 39, value = 0.0 : f32} : tensor<2x2x5x5xf32>
    %w0 = mpt.select %nan, %zeros, %w {id = 40} : tensor<2x2x5x5xi1>, tensor<2x2x5x5xf32>, tensor<2x2x5x5xf32> -> tensor<2x2x5x5xf32>
    %y = mpt.dot_general %w0, %vt batch [0, 1] x [0, 1] contract [3] x [2] {id = 20} : tensor<2x2x5x5xf32>, tensor<2x2x5x2xf32> -> tensor<2x2x5x2xf32>
    return %y : tensor<2x2x5x2xf32>
  }
}

// -----

// Grouped queries, division after the product, a triangle made of counts (with
// more keys than queries), filled with -inf where it is false.
// CHECK-LABEL: func.func @grouped
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<2x4x3x2xf32>, %[[K:[a-z0-9]+]]: tensor<2x2x5x2xf32>, %[[V:[a-z0-9]+]]: tensor<2x2x5x2xf32>
// CHECK-NEXT: %[[Y:.*]], %{{.*}} = mpt.attention %[[Q]], %[[K]], %[[V]] {causal = 2, id = {{[0-9]+}}, scale = 5.000000e-01} : tensor<2x4x3x2xf32>, tensor<2x2x5x2xf32>, tensor<2x2x5x2xf32> ->
// CHECK-NEXT: return %[[Y]]
func.func @grouped(%q: tensor<2x4x3x2xf32>, %k: tensor<2x2x5x2xf32>, %v: tensor<2x2x5x2xf32>) -> tensor<2x4x3x2xf32> {
  %kr = mpt.broadcast %k {id = 0, dims = [0, 1, 3, 4]} : tensor<2x2x5x2xf32> -> tensor<2x2x2x5x2xf32>
  %kh = mpt.reshape %kr {id = 1} : tensor<2x2x2x5x2xf32> -> tensor<2x4x5x2xf32>
  %vr = mpt.broadcast %v {id = 2, dims = [0, 1, 3, 4]} : tensor<2x2x5x2xf32> -> tensor<2x2x2x5x2xf32>
  %vh = mpt.reshape %vr {id = 3} : tensor<2x2x2x5x2xf32> -> tensor<2x4x5x2xf32>
  %s = mpt.dot_general %q, %kh batch [0, 1] x [0, 1] contract [3] x [3] {id = 4} : tensor<2x4x3x2xf32>, tensor<2x4x5x2xf32> -> tensor<2x4x3x5xf32>
  %two = mpt.constant {id = 5, value = 2.0 : f32} : tensor<2x4x3x5xf32>
  %sd = mpt.div %s, %two {id = 6} : tensor<2x4x3x5xf32>
  %i = mpt.iota {id = 7, axis = 0} : () -> tensor<3x5xi64>
  %j = mpt.iota {id = 8, axis = 1} : () -> tensor<3x5xi64>
  %o = mpt.constant {id = 9, value = 2} : tensor<3x5xi64>
  %last = mpt.add %i, %o {id = 10} : tensor<3x5xi64>
  %see = mpt.compare le %j, %last {id = 11} : tensor<3x5xi64>, tensor<3x5xi64> -> tensor<3x5xi1>
  %see4 = mpt.broadcast %see {id = 12, dims = [2, 3]} : tensor<3x5xi1> -> tensor<2x4x3x5xi1>
  %inf = mpt.constant {id = 13, value = 0xFF800000 : f32} : tensor<2x4x3x5xf32>
  %sm = mpt.select %see4, %sd, %inf {id = 14} : tensor<2x4x3x5xi1>, tensor<2x4x3x5xf32>, tensor<2x4x3x5xf32> -> tensor<2x4x3x5xf32>
  %w = mpt.softmax %sm {id = 15, axis = 3} : tensor<2x4x3x5xf32>
  %y = mpt.dot_general %w, %vh batch [0, 1] x [0, 1] contract [3] x [2] {id = 16} : tensor<2x4x3x5xf32>, tensor<2x4x5x2xf32> -> tensor<2x4x3x2xf32>
  return %y : tensor<2x4x3x2xf32>
}

// -----

// A mask of padding is of the samples and keys only. Nearly a triangle is none.
// CHECK-LABEL: func.func @masks
// CHECK: %[[PAD:.*]] = mpt.select %{{.*}} : tensor<2x3xi1>, tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x3xf32>
// CHECK-NEXT: %[[MASK:.*]] = mpt.reshape %[[PAD]] {id = {{[0-9]+}}} : tensor<2x3xf32> -> tensor<2x1x1x3xf32>
// CHECK-NEXT: %[[A:.*]], %{{.*}} = mpt.attention %{{.*}}, %{{.*}}, %{{.*}}, %[[MASK]] {id = {{[0-9]+}}, scale = 1.000000e+00}
// CHECK: %[[KEEP:.*]] = mpt.not %{{.*}} : tensor<3x3xi1>
// CHECK-NEXT: %[[MASK2:.*]] = mpt.reshape %[[KEEP]] {id = {{[0-9]+}}} : tensor<3x3xi1> -> tensor<1x1x3x3xi1>
// CHECK-NEXT: %[[B:.*]], %{{.*}} = mpt.attention %[[A]], %{{.*}}, %{{.*}}, %[[MASK2]] {fill = -1.000000e+09, id = {{[0-9]+}}, scale = 1.000000e+00}
// CHECK-NEXT: return %[[B]]
func.func @masks(%q: tensor<2x2x3x2xf32>, %k: tensor<2x2x3x2xf32>, %v: tensor<2x2x3x2xf32>, %ids: tensor<2x3xi64>) -> tensor<2x2x3x2xf32> {
  %s = mpt.dot_general %q, %k batch [0, 1] x [0, 1] contract [3] x [3] {id = 0} : tensor<2x2x3x2xf32>, tensor<2x2x3x2xf32> -> tensor<2x2x3x3xf32>
  %none = mpt.constant {id = 1, value = 0} : tensor<2x3xi64>
  %pad = mpt.compare ne %ids, %none {id = 2} : tensor<2x3xi64>, tensor<2x3xi64> -> tensor<2x3xi1>
  %pad4 = mpt.broadcast %pad {id = 3, dims = [0, 3]} : tensor<2x3xi1> -> tensor<2x1x3x3xi1>
  %zero = mpt.constant {id = 4, value = 0.0 : f32} : tensor<2x1x3x3xf32>
  %least = mpt.constant {id = 5, value = -3.40282347E+38 : f32} : tensor<2x1x3x3xf32>
  %m = mpt.select %pad4, %zero, %least {id = 6} : tensor<2x1x3x3xi1>, tensor<2x1x3x3xf32>, tensor<2x1x3x3xf32> -> tensor<2x1x3x3xf32>
  %m3 = mpt.reshape %m {id = 7} : tensor<2x1x3x3xf32> -> tensor<2x3x3xf32>
  %m4 = mpt.broadcast %m3 {id = 8, dims = [0, 2, 3]} : tensor<2x3x3xf32> -> tensor<2x2x3x3xf32>
  %sm = mpt.add %m4, %s {id = 9} : tensor<2x2x3x3xf32>
  %w = mpt.softmax %sm {id = 10, axis = 3} : tensor<2x2x3x3xf32>
  %a = mpt.dot_general %w, %v batch [0, 1] x [0, 1] contract [3] x [2] {id = 11} : tensor<2x2x3x3xf32>, tensor<2x2x3x2xf32> -> tensor<2x2x3x2xf32>
  %s2 = mpt.dot_general %a, %k batch [0, 1] x [0, 1] contract [3] x [3] {id = 12} : tensor<2x2x3x2xf32>, tensor<2x2x3x2xf32> -> tensor<2x2x3x3xf32>
  %hide = mpt.constant {id = 13, value = dense<[[false, true, true], [false, false, false], [false, false, false]]> : tensor<3x3xi1>} : tensor<3x3xi1>
  %hide4 = mpt.broadcast %hide {id = 14, dims = [2, 3]} : tensor<3x3xi1> -> tensor<2x2x3x3xi1>
  %far = mpt.constant {id = 15, value = -1.0e9 : f32} : tensor<2x2x3x3xf32>
  %s2m = mpt.select %hide4, %far, %s2 {id = 16} : tensor<2x2x3x3xi1>, tensor<2x2x3x3xf32>, tensor<2x2x3x3xf32> -> tensor<2x2x3x3xf32>
  %w2 = mpt.softmax %s2m {id = 17, axis = 3} : tensor<2x2x3x3xf32>
  %b = mpt.dot_general %w2, %v batch [0, 1] x [0, 1] contract [3] x [2] {id = 18} : tensor<2x2x3x3xf32>, tensor<2x2x3x2xf32> -> tensor<2x2x3x2xf32>
  return %b : tensor<2x2x3x2xf32>
}

// -----

// A soft cap
// on the scores of a batch of matrices without heads.
// CHECK-LABEL: func.func @capped
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<4x3x2xf32>
// CHECK-DAG: %[[Q4:.*]] = mpt.reshape %[[Q]] {{.*}} -> tensor<4x1x3x2xf32>
// CHECK: %[[Y:.*]], %{{.*}} = mpt.attention %[[Q4]], %{{.*}}, %{{.*}} {id = {{[0-9]+}}, scale = 4.000000e+00, softcap = 8.000000e+00} :
// CHECK-NEXT: mpt.reshape %[[Y]] {{.*}} -> tensor<4x3x2xf32>
func.func @capped(%q: tensor<4x3x2xf32>, %k: tensor<4x3x2xf32>, %v: tensor<4x3x2xf32>) -> tensor<4x3x2xf32> {
  %s = mpt.dot_general %q, %k batch [0] x [0] contract [2] x [2] {id = 0} : tensor<4x3x2xf32>, tensor<4x3x2xf32> -> tensor<4x3x3xf32>
  %two = mpt.constant {id = 1, value = 2.0 : f32} : tensor<4x3x3xf32>
  %sd = mpt.div %s, %two {id = 2} : tensor<4x3x3xf32>
  %t = mpt.tanh %sd {id = 3} : tensor<4x3x3xf32>
  %eight = mpt.constant {id = 4, value = 8.0 : f32} : tensor<4x3x3xf32>
  %c = mpt.mul %t, %eight {id = 5} : tensor<4x3x3xf32>
  %w = mpt.softmax %c {id = 6, axis = 2} : tensor<4x3x3xf32>
  %y = mpt.dot_general %w, %v batch [0] x [0] contract [2] x [1] {id = 7} : tensor<4x3x3xf32>, tensor<4x3x2xf32> -> tensor<4x3x2xf32>
  return %y : tensor<4x3x2xf32>
}

// -----

// Weights that leave the program stay as they are.
// CHECK-LABEL: func.func @shown
// CHECK-NOT: mpt.attention
func.func @shown(%q: tensor<4x3x2xf32>, %k: tensor<4x3x2xf32>, %v: tensor<4x3x2xf32>) -> (tensor<4x3x2xf32>, tensor<4x3x3xf32>) {
  %s = mpt.dot_general %q, %k batch [0] x [0] contract [2] x [2] {id = 0} : tensor<4x3x2xf32>, tensor<4x3x2xf32> -> tensor<4x3x3xf32>
  %w = mpt.softmax %s {id = 1, axis = 2} : tensor<4x3x3xf32>
  %y = mpt.dot_general %w, %v batch [0] x [0] contract [2] x [1] {id = 2} : tensor<4x3x3xf32>, tensor<4x3x2xf32> -> tensor<4x3x2xf32>
  return %y, %w : tensor<4x3x2xf32>, tensor<4x3x3xf32>
}
