// Mutants of the form of phase 8.
// RUN: mpt-opt %s --mpt-verify-fuse --verify-diagnostics --split-input-file

// A tensor op that no kernel holds.
func.func @s0_F(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'mpt.exp' op stands outside of kernels; after phase 'fuse' a task holds only launches, library calls, collectives, rank scalars, points and views}}
  %y = mpt.exp %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// An operand of another size than the kernel takes, and one of another type.
func.func @s0_F(%x: tensor<8xf32>, %y: tensor<4xf64>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = tensor.empty() : tensor<4xf32>
  // expected-error @+1 {{'mpt.launch' op operand of type 'tensor<8xf32>' is no view of type 'tensor<2x2xf32>' as kernel @exp takes it}}
  %1 = mpt.launch @exp(%x) into(%0) : (tensor<8xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = tensor.empty() : tensor<4xf32>
  // expected-error @+1 {{'mpt.launch' op operand of type 'tensor<4xf64>' is no view of type 'tensor<2x2xf32>' as kernel @exp takes it}}
  %3 = mpt.launch @exp(%y) into(%2) : (tensor<4xf64>, tensor<4xf32>) -> tensor<4xf32>
  return %1, %3 : tensor<4xf32>, tensor<4xf32>
}
func.func private @exp(%x: tensor<2x2xf32>, %y: tensor<2x2xf32>) -> tensor<2x2xf32> attributes {mpt.kernel, mpt.rows = 2 : i64} {
  %0 = linalg.exp ins(%x : tensor<2x2xf32>) outs(%y : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

// A destination that is used again, one that the task may not write, and no
// such kernel.
func.func @s0_F(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %0 = tensor.empty() : tensor<4xf32>
  // expected-error @+1 {{'mpt.launch' op overwrites a value that is used again or that its task may not write: operand of type 'tensor<4xf32>'}}
  %1 = mpt.launch @exp(%x) into(%0) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // expected-error @+1 {{'mpt.launch' op overwrites a value that is used again or that its task may not write: operand of type 'tensor<4xf32>'}}
  %2 = mpt.launch @exp(%0) into(%x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = tensor.empty() : tensor<4xf32>
  // expected-error @+1 {{'mpt.launch' op there is no kernel @log}}
  %4 = mpt.launch @log(%1) into(%3) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1, %2, %4 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
func.func private @exp(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {mpt.kernel} {
  %0 = linalg.exp ins(%x : tensor<4xf32>) outs(%y : tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// A collective may not reduce a saved value in place.
func.func @s0_B(%x: tensor<4xf32> {mpt.save = "x"}) -> tensor<4xf32> {
  // expected-error @+1 {{'mpt.all_reduce' op overwrites a value that is used again or that its task may not write: operand of type 'tensor<4xf32>'}}
  %0 = mpt.all_reduce sum %x over ["dp"] {bytes = 16} : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// A kernel that allocates, equal kernels, and rows that are not independent.
func.func private @a(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {mpt.kernel} {
  // expected-error @+1 {{'tensor.empty' op may not stand in a kernel; kernels hold linalg, arith, math, scf and tensor.extract or insert, and allocate nothing}}
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @b(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {mpt.kernel} {
  %0 = linalg.exp ins(%x : tensor<4xf32>) outs(%y : tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// expected-error @+1 {{'func.func' op equals kernel 'b'; equal kernels are one symbol}}
func.func private @c(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {mpt.kernel} {
  %0 = linalg.exp ins(%x : tensor<4xf32>) outs(%y : tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @d(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>, %z: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) attributes {mpt.kernel, mpt.rows = 4 : i64} {
  %0 = linalg.exp ins(%x : tensor<4x4xf32>) outs(%y : tensor<4x4xf32>) -> tensor<4x4xf32>
  // expected-error @+1 {{'linalg.transpose' op depends on more than one row; 'mpt.rows = 4' of its kernel says that rows are independent}}
  %1 = linalg.transpose ins(%0 : tensor<4x4xf32>) outs(%z : tensor<4x4xf32>) permutation = [1, 0]
  return %0, %1 : tensor<4x4xf32>, tensor<4x4xf32>
}
