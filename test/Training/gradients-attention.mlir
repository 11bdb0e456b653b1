// Gradients of attention against central differences (as gradients.mlir):
// grouped queries under causality with an offset; a mask that hides all keys of
// one query, whose scores become 0.5 and pass no gradient, or whose row is zero; a
// trained float mask repeated over batch and queries, under a soft cap.
// RUN: mpt-opt %s --split-input-file --mpt-differentiate --mlir-print-op-generic -o %t
// RUN: %python %S/check_gradients.py < %t | FileCheck %s
// The check sees a wrong mask of the adjoint:
// RUN: sed '/attention_grad/s/causal = 1/causal = 2/' %t | not %python %S/check_gradients.py

// CHECK: causal: {{[0-9]+}} ops, worst deviation
module @causal attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd", precision = "f64"}} {
  mpt.state @q : tensor<2x4x3x2xf64> {role = "parameter", trainable}
  mpt.state @k : tensor<2x2x4x2xf64> {role = "parameter", trainable}
  mpt.state @v : tensor<2x2x4x3xf64> {role = "parameter", trainable}
  func.func @predict() -> (tensor<2x4x3x3xf64> {mpt.output = "y"}) {
    %q = mpt.read @q : tensor<2x4x3x2xf64>
    %k = mpt.read @k : tensor<2x2x4x2xf64>
    %v = mpt.read @v : tensor<2x2x4x3xf64>
    %y, %lse = mpt.attention %q, %k, %v {id = 0, causal = 1, scale = 0.7} : tensor<2x4x3x2xf64>, tensor<2x2x4x2xf64>, tensor<2x2x4x3xf64> -> tensor<2x4x3x3xf64>, tensor<2x4x3xf64>
    return %y : tensor<2x4x3x3xf64>
  }
}
// -----

// CHECK: masked: {{[0-9]+}} ops, worst deviation
module @masked attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd", precision = "f64"}} {
  mpt.state @q : tensor<2x2x3x2xf64> {role = "parameter", trainable}
  mpt.state @k : tensor<2x2x4x2xf64> {role = "parameter", trainable}
  mpt.state @v : tensor<2x2x4x3xf64> {role = "parameter", trainable}
  func.func @predict() -> (tensor<2x2x6x3xf64> {mpt.output = "y"}) {
    %q = mpt.read @q : tensor<2x2x3x2xf64>
    %k = mpt.read @k : tensor<2x2x4x2xf64>
    %v = mpt.read @v : tensor<2x2x4x3xf64>
    %m = mpt.constant {id = 0, value = dense<[[[[true, false, true, true], [false, false, false, false], [true, true, false, true]]]]> : tensor<1x1x3x4xi1>} : tensor<1x1x3x4xi1>
    %filled, %lse = mpt.attention %q, %k, %v, %m {id = 1, scale = 0.7, fill = 0.5} : tensor<2x2x3x2xf64>, tensor<2x2x4x2xf64>, tensor<2x2x4x3xf64>, tensor<1x1x3x4xi1> -> tensor<2x2x3x3xf64>, tensor<2x2x3xf64>
    %zeroed, %lse2 = mpt.attention %q, %k, %v, %m {id = 2, scale = 0.7, zero_rows} : tensor<2x2x3x2xf64>, tensor<2x2x4x2xf64>, tensor<2x2x4x3xf64>, tensor<1x1x3x4xi1> -> tensor<2x2x3x3xf64>, tensor<2x2x3xf64>
    %y = mpt.concat %filled, %zeroed {id = 3, axis = 2} : tensor<2x2x3x3xf64>, tensor<2x2x3x3xf64> -> tensor<2x2x6x3xf64>
    return %y : tensor<2x2x6x3xf64>
  }
}
// -----

// CHECK: biased: {{[0-9]+}} ops, worst deviation
module @biased attributes {mpt.config = {loss = "mse(y,t)", optimizer = "sgd", precision = "f64"}} {
  mpt.state @q : tensor<2x4x3x2xf64> {role = "parameter", trainable}
  mpt.state @k : tensor<2x2x4x2xf64> {role = "parameter", trainable}
  mpt.state @v : tensor<2x2x4x3xf64> {role = "parameter", trainable}
  mpt.state @m : tensor<1x4x1x4xf64> {role = "parameter", trainable}
  func.func @predict() -> (tensor<2x4x3x3xf64> {mpt.output = "y"}) {
    %q = mpt.read @q : tensor<2x4x3x2xf64>
    %k = mpt.read @k : tensor<2x2x4x2xf64>
    %v = mpt.read @v : tensor<2x2x4x3xf64>
    %m = mpt.read @m : tensor<1x4x1x4xf64>
    %y, %lse = mpt.attention %q, %k, %v, %m {id = 0, causal = 1, scale = 0.7, softcap = 0.9} : tensor<2x4x3x2xf64>, tensor<2x2x4x2xf64>, tensor<2x2x4x3xf64>, tensor<1x4x1x4xf64> -> tensor<2x4x3x3xf64>, tensor<2x4x3xf64>
    return %y : tensor<2x4x3x3xf64>
  }
}
// CHECK: all agree
