// RUN: mpt-opt %s --split-input-file --verify-diagnostics --mpt-split-stages

!x = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}]>>
module {
  mpt.mesh <[], time ["micro"=2]>
  mpt.schedule_header "1f1b" {tasks = "F", stages = 2 : i64, micro = 2 : i64, place = array<i64: 0, 0>}
  // expected-error @+1 {{stage 1 has no operation of the forward pass; expected at least one per stage}}
  func.func @predict(%x: !x {mpt.input = "x"}) -> (!x {mpt.output = "y"}) {
    %0 = mpt.exp %x {id = 0, stage = 0} : !x
    return %0 : !x
  }
}

// -----

!x = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}]>>
module {
  mpt.mesh <[], time ["micro"=2]>
  mpt.schedule_header "1f1b" {tasks = "F", stages = 2 : i64, micro = 2 : i64, place = array<i64: 0, 0>}
  func.func @predict(%x: !x {mpt.input = "x"}) -> (!x {mpt.output = "y"}) {
    // expected-error @+1 {{'mpt.exp' of stage 1 is read by task s0_F; stages may not decrease along a program}}
    %0 = mpt.exp %x {id = 0, stage = 1} : !x
    %1 = mpt.neg %0 {id = 1, stage = 0} : !x
    return %1 : !x
  }
}

// -----

// A value of all samples at once.
!x = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}]>>
!p = tensor<4xf32, #mpt.s<[{}], partial = [sum{"micro"=2}]>>
!m = tensor<4xf32, #mpt.s<[{}]>>
module {
  mpt.mesh <[], time ["micro"=2]>
  mpt.schedule_header "1f1b" {tasks = "F", stages = 1 : i64, micro = 2 : i64, place = array<i64: 0>}
  func.func @predict(%x: !x {mpt.input = "x"}) -> (!x {mpt.output = "y"}) {
    %0 = mpt.reduce sum %x {axes = [0], id = 0, stage = 0} : !x -> !p
    // expected-error @+1 {{'mpt.reshard' mixes the batch: it needs all micro-batches at once}}
    %1 = mpt.reshard %0 {stage = 0} : !p -> !m
    %2 = mpt.broadcast %1 {dims = [1], id = 1} : !m -> !x
    %3 = mpt.sub %x, %2 {id = 2, stage = 0} : !x
    return %3 : !x
  }
}

// -----

!x = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}]>>
!h = tensor<4x4xf32, #mpt.s<[{"micro"=2}, {}]>>
module {
  mpt.mesh <[], time ["micro"=2]>
  mpt.schedule_header "1f1b" {tasks = "F", stages = 1 : i64, micro = 2 : i64, place = array<i64: 0>}
  func.func @predict(%x: !x {mpt.input = "x"}) -> (!h {mpt.output = "y"}) {
    // expected-error @+1 {{'mpt.slice' slices along the batch, which is cut into micro-batches}}
    %0 = mpt.slice %x {start = [0, 0], limit = [4, 4], id = 0, stage = 0} : !x -> !h
    %1 = mpt.neg %0 {id = 1, stage = 0} : !h
    return %1 : !h
  }
}

// -----

!x = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}]>>
!w = tensor<4xf32, #mpt.s<[{}]>>
module {
  mpt.mesh <[], time ["micro"=2]>
  mpt.schedule_header "1f1b" {tasks = "F", stages = 1 : i64, micro = 2 : i64, place = array<i64: 0>}
  mpt.state @w : tensor<4xf32> {role = "buffer"}
  func.func @predict(%x: !x {mpt.input = "x"}) -> (!x {mpt.output = "y"}, !w {mpt.output = "w"}) {
    %w = mpt.read @w : !w
    %0 = mpt.exp %x {id = 0, stage = 0} : !x
    // expected-error @+1 {{output 'w' does not have the batch as its first dim}}
    return %0, %w : !x, !w
  }
}

// -----

!x = tensor<9x4xf32, #mpt.s<[{"micro"=2}, {}]>>
module {
  mpt.mesh <[], time ["micro"=2]>
  mpt.schedule_header "1f1b" {tasks = "F", stages = 1 : i64, micro = 2 : i64, place = array<i64: 0>}
  // expected-error @+1 {{input 0 has a batch of 9, which 2 micro-batches do not divide}}
  func.func @predict(%x: !x {mpt.input = "x"}) -> (!x {mpt.output = "y"}) {
    %0 = mpt.exp %x {id = 0, stage = 0} : !x
    return %0 : !x
  }
}

// -----

// A loss whose weight depends on the model, and a write that is no update.
!x = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}]>>
!w = tensor<4xf32, #mpt.s<[{}]>>
!s = tensor<f32, #mpt.s<[]>>
!sp = tensor<f32, #mpt.s<[], partial = [sum{"micro"=2}]>>
!t = tensor<1xf32, #mpt.s<[{}]>>
module {
  mpt.mesh <[], time ["micro"=2]>
  mpt.schedule_header "1f1b" {tasks = "F B", stages = 1 : i64, micro = 2 : i64, place = array<i64: 0>}
  mpt.state @w : tensor<4xf32> {role = "parameter", trainable}
  func.func @step(%x: !x {mpt.input = "x"}) -> (!t {mpt.metric = "totals"}) {
    // expected-error @+1 {{a value of the whole batch depends on parameter 'w'; expected a loss whose weight depends on inputs only}}
    %w = mpt.read @w : !w
    %b = mpt.broadcast %w {dims = [1], id = 0} : !w -> !x
    %0 = mpt.mul %x, %b {id = 1, stage = 0} : !x
    %n = mpt.reduce sum %0 {axes = [0, 1], id = 2, stage = 0} : !x -> !sp
    %norm = mpt.reshard %n : !sp -> !s
    %k = mpt.broadcast %norm {dims = [], id = 4} : !s -> !x
    %1 = mpt.div %0, %k {id = 5, stage = 0} : !x
    %ls = mpt.reduce sum %1 {axes = [0, 1], id = 6, stage = 0} : !x -> !sp
    %tot = mpt.totals %ls {id = 7, names = ["loss"]} : !sp -> !t
    // expected-error @+1 {{state 'w' is written by no update; only parameters and their optimizer states are written}}
    mpt.write @w, %w : !w
    return %tot : !t
  }
}
