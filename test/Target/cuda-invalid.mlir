// RUN: mpt-opt %s --mpt-check-gpu-math --verify-diagnostics --split-input-file

// Functions of f64, and those that have no polynomial, are refused by name.
func.func @k(%x: f64, %y: f32) -> (f64, f32, f32) {
  // expected-error @+1 {{'math.exp' of 'f64' has no code for target 'cuda'; use f32, or target 'cpu'}}
  %0 = math.exp %x : f64
  // expected-error @+1 {{'math.sin' of 'f32' has no code for target 'cuda'; use f32, or target 'cpu'}}
  %1 = math.sin %y : f32
  %2 = math.sqrt %y : f32
  return %0, %1, %2 : f64, f32, f32
}

// -----

func.func @k() {
  // expected-error @+1 {{kernel needs a buffer of type 'memref<64x256xf32>' in one thread, too large for target 'cuda'}}
  %t = memref.alloc() : memref<64x256xf32>
  return
}
