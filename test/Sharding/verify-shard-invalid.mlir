// RUN: mpt-opt %s --mpt-verify-shard --split-input-file --verify-diagnostics

// Mutants of sharded programs: each breaks one rule of the form.

!X = tensor<8x4xf32, #mpt.s<[{"micro"=2,"dp"=2}, {}]>>
!Y = tensor<8x4xf32, #mpt.s<[{"micro"=2,"dp"=2}, {"tp"=2}]>>
!P = tensor<8x4xf32, #mpt.s<[{"micro"=2,"dp"=2}, {}], partial = [sum{"tp"=2}]>>
!W = tensor<4x4xf32, #mpt.s<[{}, {"tp"=2}]>>
!V = tensor<4x4xf32, #mpt.s<[{"tp"=2}, {}]>>
module {
  mpt.mesh <["dp"=2, "tp"=2], time ["micro"=2]>
  mpt.state @w : tensor<4x4xf32> {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{}, {"tp"=2}]>>}
  mpt.state @v : tensor<4x4xf32> {role = "parameter", storage = #mpt.storage<f32, #mpt.s<[{"tp"=2}, {}]>>}
  func.func @predict(%x: !X {mpt.input = "x"}) -> (!X {mpt.output = "y"}) {
    %w = mpt.read @w : !W
    // expected-error@+1 {{state @v lies as #mpt.s<[{"tp"=2}, {}]>, found #mpt.s<[{}, {"tp"=2}]>}}
    %v0 = mpt.read @v : !W
    %v = mpt.read @v : !V
    %a = mpt.dot_general %x, %w contract [1] x [0] {id = 0, stage = 0} : !X, !W -> !Y
    // A partial sum that is called whole.
    // expected-error@+1 {{result 0 has sharding #mpt.s<[{"micro"=2,"dp"=2}, {}]>, from the operands follows #mpt.s<[{"micro"=2,"dp"=2}, {}], partial = [sum{"tp"=2}]>}}
    %b = mpt.dot_general %a, %v contract [1] x [0] {id = 1, stage = 0} : !Y, !V -> !X
    %p = mpt.dot_general %a, %v contract [1] x [0] {id = 2, stage = 0} : !Y, !V -> !P
    // A missing reduction.
    // expected-error@+1 {{operand 0 is partial over 'tp', in which the op is not linear}}
    %c = mpt.tanh %p {id = 3, stage = 0} : !P -> !X
    // A bias added on every rank.
    // expected-error@+1 {{operand 0 is partial over 'tp', in which the op is not linear}}
    %d = mpt.add %p, %x {id = 4, stage = 0} : !P, !X -> !P
    // Two lists for one dim.
    // expected-error@+1 {{one dim of size 4 is cut over {} and, in operand 1, over {tp}}}
    %e = mpt.add %x, %a {id = 5, stage = 0} : !X, !Y -> !Y
    // Right, and right again.
    %f = mpt.add %p, %p {id = 6, stage = 0} : !P
    %g = mpt.reshard %f {stage = 0} : !P -> !X
    // expected-error@+1 {{the reshard changes nothing}}
    %h = mpt.reshard %g : !X
    // expected-error@+1 {{a reshard may not make a value a partial max over 'tp'}}
    %i = mpt.reshard %a : !Y -> tensor<8x4xf32, #mpt.s<[{"micro"=2,"dp"=2}, {}], partial = [max{"tp"=2}]>>
    // expected-error@+1 {{forward op 'mpt.tanh' has no stage and is not free to clone}}
    %j = mpt.tanh %g {id = 7} : !X
    return %j : !X
  }
}

// -----

// micro: gathered, reaching an update, entering the loop again, a partial result.
!X = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}]>>
!G = tensor<8x4xf32, #mpt.s<[{}, {}]>>
!V = tensor<4xf32, #mpt.s<[{}]>>
!D = tensor<4xf32, #mpt.s<[{}], partial = [sum{"micro"=2}]>>
!S = tensor<f32, #mpt.s<[]>>
!N = tensor<i64, #mpt.s<[]>>
!Y = tensor<i1, #mpt.s<[]>>
module {
  mpt.mesh <[], time ["micro"=2]>
  mpt.state @v : tensor<4xf32> {role = "parameter", trainable}
  // expected-error@+1 {{result 0 is partial: #mpt.s<[{}], partial = [sum{"micro"=2}]>}}
  func.func @step(%x: !X {mpt.input = "x"}) -> (!D) {
    %v = mpt.read @v : !V
    // expected-error@+1 {{a batch may not be gathered over micro}}
    %g = mpt.reshard %x : !X -> !G
    %d = mpt.reduce sum %x {axes = [0], adjoint_of = 0} : !X -> !D
    %r = mpt.reshard %d : !D -> !V
    %b = mpt.broadcast %r {dims = [1], adjoint_of = 0} : !V -> !X
    // expected-error@+1 {{a sum over all micro-batches meets a value of one}}
    %e = mpt.add %x, %b {adjoint_of = 0} : !X
    %s = mpt.constant {value = 1.0 : f32} : !S
    %n = mpt.constant {value = 1 : i64} : !N
    %ok = mpt.is_finite %s {stage = 0} : !S -> !Y
    // expected-error@+2 {{operand 1 is partial over 'micro', in which the op is not linear}}
    // expected-error@+1 {{operand 1 of an update is cut or partial over micro; a reshard must end it}}
    %new = mpt.opt_update sgd %v, %d, %s, %s, %n, %ok : !V, !D, !S, !S, !N, !Y -> !V
    mpt.write @v, %new : !V
    return %d : !D
  }
}

// -----

// Axes that the mesh has not, values without a sharding, constraints, zero and
// other constants as partial sums.
!X = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}]>>
!U = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {"ep"=2}]>>
!D = tensor<8x4xf32, #mpt.s<[{"micro"=2}, {}], partial = [sum{"tp"=2}]>>
module {
  mpt.mesh <["tp"=2], time ["micro"=2]>
  func.func @predict(%x: !X {mpt.input = "x"}) -> (!X {mpt.output = "y"}) {
    // expected-error@+1 {{axis 'ep' of size 2 cuts nothing in this mesh, found #mpt.s<[{"micro"=2}, {"ep"=2}]>}}
    %a = mpt.reshard %x : !X -> !U
    // expected-error@+1 {{a value has no sharding: 'tensor<8x4xf32>'}}
    %b = mpt.tanh %x {id = 0, stage = 0} : !X -> tensor<8x4xf32>
    // expected-error@+1 {{constraints end in phase 4}}
    %c = mpt.constrain %x {to = #mpt.s<[{"micro"=2}, {}]>} : !X
    %zero = mpt.constant {value = 0.0 : f32} : !D
    // expected-error@+1 {{result 0 has sharding #mpt.s<[{"micro"=2}, {}], partial = [sum{"tp"=2}]>, from the operands follows #mpt.s<[{"micro"=2}, {}]>}}
    %one = mpt.constant {value = 1.0 : f32} : !D
    %e = mpt.softmax %x {axis = 1, id = 1, stage = 0} : !X
    return %e : !X
  }
}
