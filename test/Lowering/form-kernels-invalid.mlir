// RUN: mpt-opt %s --mpt-form-kernels --verify-diagnostics --split-input-file

func.func @task(%x: tensor<4xi64>) -> (tensor<4xi64>, tensor<4xf32>) {
  // expected-error @+1 {{'mpt.exp' op has no kernel for elements of type 'i64'; convert them to a float type first}}
  %0 = mpt.exp %x : tensor<4xi64>
  // expected-error @+1 {{'mpt.read' op has no lowering to a kernel or a library call}}
  %1 = mpt.read @w : tensor<4xf32>
  return %0, %1 : tensor<4xi64>, tensor<4xf32>
}
mpt.state @w : tensor<4xf32> {role = "parameter"}

// -----

func.func @task(%x: tensor<4x4xbf16>) -> tensor<4x4xbf16> {
  // expected-error @+1 {{'mpt.dot_general' op has no library call for elements of type 'bf16'; expected f32 or f64}}
  %0 = mpt.dot_general %x, %x contract [1] x [0] : tensor<4x4xbf16>, tensor<4x4xbf16> -> tensor<4x4xbf16>
  return %0 : tensor<4x4xbf16>
}
