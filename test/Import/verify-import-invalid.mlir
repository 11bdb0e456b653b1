// RUN: mpt-opt %s --split-input-file --verify-diagnostics --mpt-verify-import

// An op that names no node, one without id, an id that is given twice.
module {
  func.func @predict(%x: tensor<2xf32> {mpt.input = "x"}) -> (tensor<2xf32> {mpt.output = "y"}) {
    // expected-note @below {{first here}}
    // expected-error @below {{op 0 names no node; expected an entry in mpt.nodes or a location with a name}}
    %a = mpt.neg %x {id = 0} : tensor<2xf32>
    // expected-error @below {{'mpt.exp' has no id}}
    %b = mpt.exp %a : tensor<2xf32>
    // expected-error @below {{id 0 is given twice}}
    // expected-error @below {{op 0 names no node; expected an entry in mpt.nodes or a location with a name}}
    %c = mpt.log %b {id = 0} : tensor<2xf32>
    return %c : tensor<2xf32>
  }
}

// -----

// The table replaces locations, and must be whole.
module attributes {mpt.nodes = {"0" = "node"}} {
  func.func @predict(%x: tensor<2xf32> {mpt.input = "x"}) -> (tensor<2xf32> {mpt.output = "y"}) {
    %a = mpt.neg %x {id = 0} : tensor<2xf32>
    // expected-error @below {{op 1 names no node; expected an entry in mpt.nodes or a location with a name}}
    %b = mpt.exp %a {id = 1} : tensor<2xf32>
    return %b : tensor<2xf32>
  }
}

// -----

// Ops of other phases, and a read that is not at the entry.
module attributes {mpt.nodes = {"0" = "n", "1" = "n"}} {
  mpt.state @w : tensor<2xf32> {role = "parameter", trainable, source = #mpt.slice<"m.onnx", 16, 8, f32>}
  func.func @predict(%x: tensor<2xf32> {mpt.input = "x"}) -> (tensor<2xf32> {mpt.output = "y"}) {
    // expected-error @below {{'mpt.sum_squares' is neither core op nor composite}}
    %a = mpt.sum_squares %x {id = 0} : tensor<2xf32> -> tensor<f32>
    // expected-error @below {{a state is read after the first op; expected all reads at the entry}}
    %w = mpt.read @w : tensor<2xf32>
    // expected-error @below {{'stage' is a mark of a later phase}}
    %b = mpt.add %x, %w {id = 1, stage = 0} : tensor<2xf32>
    return %b : tensor<2xf32>
  }
}

// -----

// A state has a source; only parameters of floating point types are trained.
module {
  // expected-error @below {{state 'i' is trainable, but is no parameter of a floating point type}}
  mpt.state @i : tensor<2xi64> {role = "buffer", trainable, source = #mpt.slice<"m.onnx", 16, 16, i64>}
  // expected-error @below {{state 'm' has role 'optimizer'; expected parameter, buffer or cache}}
  // expected-error @below {{state 'm' has no source; expected #mpt.slice or #mpt.zero}}
  mpt.state @m : tensor<2xf32> {role = "optimizer"}
  func.func @predict(%x: tensor<2xf32> {mpt.input = "x"}) -> (tensor<2xf32> {mpt.output = "y"}) {
    return %x : tensor<2xf32>
  }
}

// -----

// Names and static shapes at the boundary.
module {
  // expected-error @below {{found type 'tensor<?xf32>'; expected a tensor of static shape}}
  // expected-error @below {{input 0 of 'predict' has no name; expected mpt.input}}
  // expected-error @below {{output 'y' is there twice}}
  func.func @predict(%x: tensor<?xf32>, %z: tensor<2xf32> {mpt.input = "z"}) -> (tensor<2xf32> {mpt.output = "y"}, tensor<2xf32> {mpt.output = "y"}) {
    return %z, %z : tensor<2xf32>, tensor<2xf32>
  }
}

// -----

// expected-error @below {{there is no program '@predict'}}
module {
}
