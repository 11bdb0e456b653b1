// What attention and its adjoint do not take.
// RUN: mpt-opt %s --verify-diagnostics --split-input-file

func.func @keys(%q: tensor<2x4x3x8xf32>, %k: tensor<2x2x5x6xf32>, %v: tensor<2x2x5x8xf32>) {
  // expected-error @+2 {{query, key and value do not fit: 'tensor<2x4x3x8xf32>', 'tensor<2x2x5x6xf32>' and 'tensor<2x2x5x8xf32>'}}
  // expected-error @+1 {{op failed to infer returned types}}
  %y, %lse = mpt.attention %q, %k, %v {scale = 0.5} : tensor<2x4x3x8xf32>, tensor<2x2x5x6xf32>, tensor<2x2x5x8xf32> -> tensor<2x4x3x8xf32>, tensor<2x4x3xf32>
  return
}

// -----

func.func @heads(%q: tensor<2x4x3x8xf32>, %k: tensor<2x3x5x8xf32>) {
  // expected-error @+2 {{query has 4 heads; expected a multiple of the 3 of key}}
  // expected-error @+1 {{op failed to infer returned types}}
  %y, %lse = mpt.attention %q, %k, %k {scale = 0.5} : tensor<2x4x3x8xf32>, tensor<2x3x5x8xf32>, tensor<2x3x5x8xf32> -> tensor<2x4x3x8xf32>, tensor<2x4x3xf32>
  return
}

// -----

func.func @types(%q: tensor<2x2x3x8xf32>, %k: tensor<2x2x5x8xf64>) {
  // expected-error @+2 {{query, key and value must have one float element type, found 'f32', 'f64' and 'f64'}}
  // expected-error @+1 {{op failed to infer returned types}}
  %y, %lse = mpt.attention %q, %k, %k {scale = 0.5} : tensor<2x2x3x8xf32>, tensor<2x2x5x8xf64>, tensor<2x2x5x8xf64> -> tensor<2x2x3x8xf32>, tensor<2x2x3xf32>
  return
}

// -----

func.func @mask(%q: tensor<2x2x3x8xf32>, %m: tensor<2x1x3x4xi1>) {
  // expected-error @+2 {{mask must have dims of size 1 or those of scores 2x2x3x3, found 'tensor<2x1x3x4xi1>'}}
  // expected-error @+1 {{op failed to infer returned types}}
  %y, %lse = mpt.attention %q, %q, %q, %m {scale = 0.5} : tensor<2x2x3x8xf32>, tensor<2x2x3x8xf32>, tensor<2x2x3x8xf32>, tensor<2x1x3x4xi1> -> tensor<2x2x3x8xf32>, tensor<2x2x3xf32>
  return
}

// -----

func.func @integers(%q: tensor<2x2x3x8xf32>, %m: tensor<1x1x3x3xi64>) {
  // expected-error @+2 {{mask must have elements of type i1 or 'f32', found 'tensor<1x1x3x3xi64>'}}
  // expected-error @+1 {{op failed to infer returned types}}
  %y, %lse = mpt.attention %q, %q, %q, %m {scale = 0.5} : tensor<2x2x3x8xf32>, tensor<2x2x3x8xf32>, tensor<2x2x3x8xf32>, tensor<1x1x3x3xi64> -> tensor<2x2x3x8xf32>, tensor<2x2x3xf32>
  return
}

// -----

func.func @adjoint(%q: tensor<2x2x3x8xf32>, %y: tensor<2x2x3x4xf32>, %lse: tensor<2x2x3xf32>) {
  // expected-error @+2 {{output, lse and dy must have the shapes of the results of attention, found 'tensor<2x2x3x4xf32>', 'tensor<2x2x3xf32>' and 'tensor<2x2x3x4xf32>'}}
  // expected-error @+1 {{op failed to infer returned types}}
  %dq, %dk, %dv = mpt.attention_grad %q, %q, %q, %y, %lse, %y {scale = 0.5} : tensor<2x2x3x8xf32>, tensor<2x2x3x8xf32>, tensor<2x2x3x8xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3xf32>, tensor<2x2x3x4xf32> -> tensor<2x2x3x8xf32>, tensor<2x2x3x8xf32>, tensor<2x2x3x8xf32>
  return
}

// -----

func.func @call(%q: tensor<2x2x3x8xf32>) -> tensor<2x2x3x8xf32> {
  // expected-error @+1 {{'mpt.library' op found 2 operands and 1 destinations; attention takes 3 or 4 and 2}}
  %y = mpt.library "attention"(%q, %q) into(%q) : (tensor<2x2x3x8xf32>, tensor<2x2x3x8xf32>, tensor<2x2x3x8xf32>) -> tensor<2x2x3x8xf32>
  return %y : tensor<2x2x3x8xf32>
}
