// RUN: mpt-opt %s --split-input-file --mpt-shard-program --verify-diagnostics

// expected-error@+1 {{there is no mesh; run --mpt-plan first}}
module {
}

// -----

!X = tensor<4x8xf32>
module {
  mpt.mesh <["dp"=2], time ["micro"=2]>
  func.func @predict(%x.u: !X {mpt.input = "x"}) -> (!X {mpt.output = "y"}) {
    %x = mpt.constrain %x.u {to = #mpt.s<[{"micro"=2,"dp"=2}, {}]>} : !X
    // expected-error@unknown {{node 'attend' mixes the batch: 'mpt.softmax' needs the whole batch at once; a step is cut into micro-batches along the first dim of its inputs, so only losses and gradients may be sums over it}}
    %s = mpt.softmax %x {axis = 0, id = 1, stage = 0} : !X loc("attend")
    return %s : !X
  }
}

// -----

// Normalising over the batch: the mean is a sum over micro-batches that another
// op of the same micro-batch needs.
!X = tensor<4x8xf32>
module {
  mpt.mesh <[], time ["micro"=2]>
  func.func @predict(%x.u: !X {mpt.input = "x"}) -> (!X {mpt.output = "y"}) {
    %x = mpt.constrain %x.u {to = #mpt.s<[{"micro"=2}, {}]>} : !X
    %m = mpt.reduce sum %x {axes = [0], id = 1, stage = 0} : !X -> tensor<8xf32> loc("mean")
    %b = mpt.broadcast %m {dims = [1], id = 2} : tensor<8xf32> -> !X loc("sub")
    // expected-error@unknown {{node 'sub' mixes the batch: 'mpt.sub' needs a sum over all micro-batches while one is computed}}
    %s = mpt.sub %x, %b {id = 3, stage = 0} : !X loc("sub")
    return %s : !X
  }
}

// -----

// 3 samples per rank cannot be merged with another dim.
module {
  mpt.mesh <["dp"=2], time ["micro"=1]>
  func.func @predict(%x.u: tensor<5x8xf32> {mpt.input = "x"}) -> (tensor<40xf32> {mpt.output = "y"}) {
    %x = mpt.constrain %x.u {to = #mpt.s<[{"dp"=2,"micro"=1}, {}]>} : tensor<5x8xf32>
    // expected-error@unknown {{node 'flat' mixes the batch: 'mpt.reshape' needs the whole batch at once}}
    %s = mpt.reshape %x {id = 1, stage = 0} : tensor<5x8xf32> -> tensor<40xf32> loc("flat")
    return %s : tensor<40xf32>
  }
}

// -----

module {
  mpt.mesh <[], time ["micro"=1]>
  func.func @predict(%x: tensor<4xf32> {mpt.input = "x"}) -> (tensor<4xf32> {mpt.output = "y"}) {
    // expected-error@+1 {{'mpt.all_reduce' may not stand in a program before phase 4}}
    %s = mpt.all_reduce sum %x over ["tp"] {bytes = 16} : tensor<4xf32>
    return %s : tensor<4xf32>
  }
}

// -----

// A state with one row per sample.
!X = tensor<4x8xf32>
module {
  mpt.mesh <[], time ["micro"=2]>
  mpt.state @rows : !X {role = "buffer", storage = #mpt.storage<f32, #mpt.s<[{}, {}]>>}
  func.func @predict(%x.u: !X {mpt.input = "x"}) -> (!X {mpt.output = "y"}) {
    %x = mpt.constrain %x.u {to = #mpt.s<[{"micro"=2}, {}]>} : !X
    // expected-error@+1 {{state 'rows' gives one value for the whole batch, which is cut into micro-batches: it lies as a whole; compute it from the inputs, or make it equal for all samples}}
    %r = mpt.read @rows : !X
    %s = mpt.add %x, %r {id = 1, stage = 0} : !X
    return %s : !X
  }
}

// -----

!X = tensor<4x8xf32>
module {
  mpt.mesh <[], time ["micro"=2]>
  func.func @predict(%x.u: !X {mpt.input = "x"}) -> (!X {mpt.output = "y"}) {
    %x = mpt.constrain %x.u {to = #mpt.s<[{"micro"=2}, {}]>} : !X
    %i = mpt.iota {axis = 0, id = 1} : !X
    // expected-error@+1 {{'mpt.softmax' gives one value for the whole batch, which is cut into micro-batches: it needs the dim that is the batch whole; compute it from the inputs, or make it equal for all samples}}
    %p = mpt.softmax %i {axis = 0, id = 2} : !X
    %s = mpt.add %x, %p {id = 3, stage = 0} : !X
    return %s : !X
  }
}
