// RUN: mpt-opt %s --mpt-verify-plan --split-input-file --verify-diagnostics

// Mutants of a planned linear layer: each breaks one rule of the form.

// expected-error@+1 {{expected one mesh, found 0}}
module attributes {} {
  mpt.schedule_header "gpipe" {tasks = "F", stages = 1 : i64, micro = 2 : i64, place = array<i64: 0>}
}

// -----

module {
  mpt.mesh <["pp"=2], time ["micro"=2]>
  // expected-error@+2 {{the header has 4 micro-batches, the mesh 2}}
  // expected-error@+1 {{no stage is placed at coordinate 1 of pp}}
  mpt.schedule_header "gpipe" {tasks = "F", stages = 2 : i64, micro = 4 : i64, place = array<i64: 0, 0>}
  func.func @predict(%x: tensor<8x4xf32> {mpt.input = "x"}) -> (tensor<8x4xf32> {mpt.output = "y"}) {
    %0 = mpt.constrain %x {to = #mpt.s<[{"micro"=2}, {}]>} : tensor<8x4xf32>
    %1 = mpt.tanh %0 {id = 0, stage = 0} : tensor<8x4xf32>
    %2 = mpt.exp %1 {id = 1, stage = 1} : tensor<8x4xf32>
    return %2 : tensor<8x4xf32>
  }
}

// -----

// A forward op without a stage, stages that decrease, an empty stage.
module {
  mpt.mesh <["pp"=2], time ["micro"=2]>
  mpt.schedule_header "gpipe" {tasks = "F", stages = 3 : i64, micro = 2 : i64, place = array<i64: 0, 0, 1>}
  // expected-error@+1 {{stage 1 owns no op}}
  func.func @predict(%x: tensor<8x4xf32> {mpt.input = "x"}) -> (tensor<8x4xf32> {mpt.output = "y"}) {
    %0 = mpt.constrain %x {to = #mpt.s<[{"micro"=2}, {}]>} : tensor<8x4xf32>
    // expected-error@+1 {{forward op 'mpt.tanh' has no stage}}
    %1 = mpt.tanh %0 {id = 0} : tensor<8x4xf32>
    %2 = mpt.exp %1 {id = 1, stage = 2} : tensor<8x4xf32>
    // expected-error@+1 {{stage 0 uses a value of stage 2; stages may not decrease from definition to use}}
    %3 = mpt.neg %2 {id = 2, stage = 0} : tensor<8x4xf32>
    return %3 : tensor<8x4xf32>
  }
}

// -----

// Shardings: pp cuts nothing, axes are those of the mesh, micro is the major axis
// of the batch of every input and nothing else.
module {
  mpt.mesh <["pp"=2, "tp"=2], time ["micro"=2]>
  mpt.schedule_header "gpipe" {tasks = "F", stages = 2 : i64, micro = 2 : i64, place = array<i64: 0, 1>}
  // expected-error@+1 {{pp shards nothing, found #mpt.s<[{"pp"=2}, {}]>}}
  mpt.state @a : tensor<4x4xf32> {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{"pp"=2}, {}]>>}
  // expected-error@+1 {{axis 'tp' of size 4 is not in the mesh}}
  mpt.state @b : tensor<4x4xf32> {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{"tp"=4}, {}]>>}
  // expected-error@+1 {{state 'c' is cut over micro; only inputs have a batch}}
  mpt.state @c : tensor<4x4xf32> {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{"micro"=2}, {}]>>}
  // expected-error@+1 {{dim 1 of state 'd' has size 1 and is cut into 2}}
  mpt.state @d : tensor<4x1xf32> {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{}, {"tp"=2}]>>}
  // expected-error@+1 {{argument 1 is not constrained; inputs are cut over the batch}}
  func.func @predict(%x: tensor<8x4xf32> {mpt.input = "x"}, %z: tensor<8x4xf32> {mpt.input = "z"}) -> (tensor<8x4xf32> {mpt.output = "y"}) {
    // expected-error@+1 {{micro must cut dim 0 of argument 0 as its major axis, found #mpt.s<[{}, {"micro"=2}]>}}
    %0 = mpt.constrain %x {to = #mpt.s<[{}, {"micro"=2}]>} : tensor<8x4xf32>
    %1 = mpt.add %0, %z {id = 0, stage = 0} : tensor<8x4xf32>
    %2 = mpt.exp %1 {id = 1, stage = 1} : tensor<8x4xf32>
    return %2 : tensor<8x4xf32>
  }
}

// -----

// Stages on an adjoint and on what is free to clone.
module {
  mpt.mesh <[], time ["micro"=1]>
  mpt.schedule_header "gpipe" {tasks = "F B", stages = 1 : i64, micro = 1 : i64, place = array<i64: 0>}
  func.func @step(%x: tensor<8x4xf32> {mpt.input = "x"}) -> (tensor<8x4xf32>) {
    %0 = mpt.constrain %x {to = #mpt.s<[{"micro"=1}, {}]>} : tensor<8x4xf32>
    // expected-error@+1 {{'mpt.constant' has a stage but is free to clone or no forward op}}
    %1 = mpt.constant {value = 1.0 : f32, id = 1, stage = 0} : tensor<8x4xf32>
    %2 = mpt.mul %0, %1 {id = 2, stage = 0} : tensor<8x4xf32>
    // expected-error@+1 {{an adjoint has a stage; it takes that of its origin}}
    %3 = mpt.mul %2, %1 {id = 3, adjoint_of = 2, stage = 0} : tensor<8x4xf32>
    return %3 : tensor<8x4xf32>
  }
}
