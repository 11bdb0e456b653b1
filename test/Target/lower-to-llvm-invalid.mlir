// RUN: mpt-opt %s --mpt-lower-to-llvm --verify-diagnostics --split-input-file

// expected-error @+1 {{unknown target 'tpu'; expected cpu}}
module attributes {mpt.config = {target = "tpu"}} {
}

// -----

// expected-error @+1 {{has no 'mpt.mesh'; expected the form of phase 9}}
module attributes {mpt.config = {target = "cpu"}} {
}

// -----

// expected-error @+1 {{has no 'mpt.inputs'; expected a list of {name, type, label} from phase 5}}
module attributes {mpt.config = {target = "cpu"}} {
  mpt.mesh <["dp"=2], time ["micro"=1]>
  mpt.schedule "gpipe" attributes {stages = 1 : i64, micro = 1 : i64, place = array<i64: 0>} {
  }
}

// -----

// expected-error @+1 {{has no arena '@pp0' for pipeline coordinate 0}}
module attributes {mpt.config = {target = "cpu"}, mpt.inputs = []} {
  mpt.mesh <["dp"=2], time ["micro"=1]>
  mpt.schedule "gpipe" attributes {stages = 1 : i64, micro = 1 : i64, place = array<i64: 0>} {
  }
}

// -----

module attributes {mpt.config = {target = "cpu"}, mpt.inputs = []} {
  mpt.mesh <["dp"=2], time ["micro"=1]>
  mpt.schedule "gpipe" attributes {stages = 1 : i64, micro = 1 : i64, place = array<i64: 0>} {
  }
  // expected-error @+1 {{place of unknown state 'w'}}
  mpt.arena @pp0 {bytes = 64 : i64, align = 64 : i64, places = [{kind = "state", name = "w", at = 0 : i64, bytes = 4 : i64}]}
}

// -----

module attributes {mpt.config = {target = "cpu"}, mpt.inputs = []} {
  mpt.mesh <["dp"=2], time ["micro"=1]>
  mpt.schedule "gpipe" attributes {stages = 1 : i64, micro = 1 : i64, place = array<i64: 0>} {
  }
  mpt.arena @pp0 {bytes = 1024 : i64, align = 64 : i64}
  func.func @s0_F(%arena: memref<1024xi8>) {
    %a = mpt.buffer %arena {at = 0 : i64} : memref<1024xi8> -> memref<2x3x4xf32>
    %b = mpt.buffer %arena {at = 128 : i64} : memref<1024xi8> -> memref<3x5xf32>
    %c = mpt.buffer %arena {at = 256 : i64} : memref<1024xi8> -> memref<2x4x5xf32>
    // expected-error @+1 {{'mpt.library' op is no single matrix product: 'memref<2x3x4xf32>' and 'memref<3x5xf32>' into 'memref<2x4x5xf32>'; transpose an operand first}}
    mpt.library "gemm"(%a, %b) into (%c) {lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>} : (memref<2x3x4xf32>, memref<3x5xf32>, memref<2x4x5xf32>) -> ()
    return
  }
  func.func @s0_B(%arena: memref<1024xi8>) {
    %a = mpt.buffer %arena {at = 0 : i64} : memref<1024xi8> -> memref<4xf32>
    // expected-error @+1 {{'mpt.launch' op there is no kernel 'k'}}
    mpt.launch @k(%a) into (%a) : (memref<4xf32>, memref<4xf32>) -> ()
    return
  }
  func.func @s0_OPT(%arena: memref<1024xi8>) {
    // expected-error @+1 {{'mpt.wait' op unknown stream 'main'; expected compute, comm or copy}}
    mpt.wait 0 on "main"
    return
  }
  // expected-error @+1 {{argument 0 has no binding; expected mpt.index = "mb" or "save", or mpt.slot}}
  func.func @s0_RS(%x: index) {
    return
  }
}

// -----

module attributes {mpt.config = {target = "cpu"}, mpt.inputs = []} {
  mpt.mesh <["dp"=2], time ["micro"=1]>
  mpt.schedule "gpipe" attributes {stages = 1 : i64, micro = 1 : i64, place = array<i64: 0>} {
  }
  mpt.arena @pp0 {bytes = 1024 : i64, align = 64 : i64}
  // expected-error @+1 {{'main' is no name of a task; expected s<stage>_<task>}}
  func.func @main() {
    return
  }
}

// -----

module attributes {mpt.config = {target = "cpu"}, mpt.inputs = []} {
  mpt.mesh <["dp"=2], time ["micro"=1]>
  mpt.schedule "gpipe" attributes {stages = 1 : i64, micro = 1 : i64, place = array<i64: 0>} {
  }
  mpt.arena @pp0 {bytes = 1024 : i64, align = 64 : i64}
  // expected-error @+1 {{'func.func' op result 0 has type 'tensor<4xf32>', its destination 'tensor<8xf32>'}}
  func.func private @k(%a: tensor<4xf32>, %b: tensor<8xf32>) -> tensor<4xf32> attributes {mpt.kernel} {
    return %a : tensor<4xf32>
  }
}
