// Mutants of the form of phase 9.
// RUN: mpt-opt %s --mpt-verify-allocate --verify-diagnostics --split-input-file

// Two working buffers share bytes while both are in use.
module {
  mpt.mesh <["dp"=2], time ["micro"=2]>
  mpt.schedule "gpipe" attributes {stages = 1, micro = 2, place = array<i64: 0>} {
    mpt.actions attributes {pp = 0, peak = 8192} {
      mpt.run @s0_F {mb = 0, save = 0}
      mpt.run @s0_F {mb = 1, save = 0}
    }
  }
  mpt.arena @pp0 {bytes = 512, align = 64, events = 2 : i64,
    places = [{kind = "state", name = "w", at = 0, bytes = 64}, {kind = "input", name = "x", at = 64, stride = 64}],
    regions = [{kind = "work", at = 192, bytes = 320}]}
  func.func @s0_F(%arena: memref<512xi8>, %mb: index {mpt.index = "mb"}, %save: index {mpt.index = "save"}) {
    %w = mpt.buffer %arena {at = 0} : memref<512xi8> -> memref<16xf32>
    %x = mpt.buffer %arena[%mb] {at = 64, stride = 64} : memref<512xi8> -> memref<16xf32>
    %a = mpt.buffer %arena {at = 192} : memref<512xi8> -> memref<16xf32>
    %b = mpt.buffer %arena {at = 224} : memref<512xi8> -> memref<16xf32>
    mpt.launch @exp(%x) into (%a) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    mpt.launch @exp(%w) into (%b) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    // expected-error @+1 {{'mpt.launch' op reads bytes [192, 256) after another buffer, [224, 288), was written over them}}
    mpt.launch @exp(%a) into (%b) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    return
  }
  func.func private @exp(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> attributes {mpt.kernel} {
    %0 = linalg.exp ins(%x : tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    return %0 : tensor<16xf32>
  }
}

// -----

// A working buffer is read before it is written; what the last task left there
// does not count.
module {
  mpt.mesh <["dp"=2], time ["micro"=2]>
  mpt.schedule "gpipe" attributes {stages = 1, micro = 2, place = array<i64: 0>} {
    mpt.actions attributes {pp = 0, peak = 8192} {
      mpt.run @s0_F {mb = 0, save = 0}
      mpt.run @s0_F {mb = 1, save = 0}
    }
  }
  mpt.arena @pp0 {bytes = 512, align = 64, events = 2 : i64,
    places = [{kind = "state", name = "w", at = 0, bytes = 64}, {kind = "input", name = "x", at = 64, stride = 64}],
    regions = [{kind = "work", at = 192, bytes = 320}]}
  func.func @s0_F(%arena: memref<512xi8>, %mb: index {mpt.index = "mb"}, %save: index {mpt.index = "save"}) {
    %w = mpt.buffer %arena {at = 0} : memref<512xi8> -> memref<16xf32>
    %x = mpt.buffer %arena[%mb] {at = 64, stride = 64} : memref<512xi8> -> memref<16xf32>
    %a = mpt.buffer %arena {at = 192} : memref<512xi8> -> memref<16xf32>
    %b = mpt.buffer %arena {at = 256} : memref<512xi8> -> memref<16xf32>
    // expected-error @+1 {{'mpt.launch' op reads bytes [192, 256) that nothing has written}}
    mpt.launch @exp(%a) into (%b) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    mpt.launch @exp(%b) into (%a) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    return
  }
  func.func private @exp(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> attributes {mpt.kernel} {
    %0 = linalg.exp ins(%x : tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    return %0 : tensor<16xf32>
  }
}

// -----

// The collective does not wait for what it reduces.
module {
  mpt.mesh <["dp"=2], time ["micro"=2]>
  mpt.schedule "gpipe" attributes {stages = 1, micro = 2, place = array<i64: 0>} {
    mpt.actions attributes {pp = 0, peak = 8192} {
      mpt.run @s0_F {mb = 0, save = 0}
      mpt.run @s0_F {mb = 1, save = 0}
    }
  }
  mpt.arena @pp0 {bytes = 512, align = 64, events = 2 : i64,
    places = [{kind = "state", name = "w", at = 0, bytes = 64}, {kind = "input", name = "x", at = 64, stride = 64}],
    regions = [{kind = "work", at = 192, bytes = 320}]}
  func.func @s0_F(%arena: memref<512xi8>, %mb: index {mpt.index = "mb"}, %save: index {mpt.index = "save"}) {
    %w = mpt.buffer %arena {at = 0} : memref<512xi8> -> memref<16xf32>
    %x = mpt.buffer %arena[%mb] {at = 64, stride = 64} : memref<512xi8> -> memref<16xf32>
    %a = mpt.buffer %arena {at = 192} : memref<512xi8> -> memref<16xf32>
    // expected-note @+1 {{the other access is here}}
    mpt.launch @exp(%x) into (%a) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    mpt.record 0 on "compute"
    // expected-error @+1 {{'mpt.all_reduce' op on 'comm' is not ordered after an access to the same bytes on 'compute'; no path of events leads here}}
    mpt.all_reduce sum %a over ["dp"] {bytes = 64, stream = "comm"} : memref<16xf32>
    mpt.record 1 on "comm"
    mpt.wait 1 on "compute"
    return
  }
  func.func private @exp(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> attributes {mpt.kernel} {
    %0 = linalg.exp ins(%x : tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    return %0 : tensor<16xf32>
  }
}

// -----

// The result of the collective is read without a wait; the wait of an earlier
// event is none.
module {
  mpt.mesh <["dp"=2], time ["micro"=2]>
  mpt.schedule "gpipe" attributes {stages = 1, micro = 2, place = array<i64: 0>} {
    mpt.actions attributes {pp = 0, peak = 8192} {
      mpt.run @s0_F {mb = 0, save = 0}
      mpt.run @s0_F {mb = 1, save = 0}
    }
  }
  mpt.arena @pp0 {bytes = 512, align = 64, events = 2 : i64,
    places = [{kind = "state", name = "w", at = 0, bytes = 64}, {kind = "input", name = "x", at = 64, stride = 64}],
    regions = [{kind = "work", at = 192, bytes = 320}]}
  func.func @s0_F(%arena: memref<512xi8>, %mb: index {mpt.index = "mb"}, %save: index {mpt.index = "save"}) {
    %w = mpt.buffer %arena {at = 0} : memref<512xi8> -> memref<16xf32>
    %x = mpt.buffer %arena[%mb] {at = 64, stride = 64} : memref<512xi8> -> memref<16xf32>
    %a = mpt.buffer %arena {at = 192} : memref<512xi8> -> memref<16xf32>
    %b = mpt.buffer %arena {at = 256} : memref<512xi8> -> memref<16xf32>
    mpt.launch @exp(%x) into (%a) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    mpt.record 0 on "compute"
    mpt.wait 0 on "comm"
    // expected-note @+1 {{the other access is here}}
    mpt.all_reduce sum %a over ["dp"] {bytes = 64, stream = "comm"} : memref<16xf32>
    mpt.record 1 on "comm"
    mpt.wait 0 on "compute"
    // expected-error @+1 {{'mpt.launch' op on 'compute' is not ordered after an access to the same bytes on 'comm'; no path of events leads here}}
    mpt.launch @exp(%a) into (%b) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    mpt.wait 1 on "compute"
    return
  }
  func.func private @exp(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> attributes {mpt.kernel} {
    %0 = linalg.exp ins(%x : tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    return %0 : tensor<16xf32>
  }
}

// -----

// The task ends before its collective is known to be done.
module {
  mpt.mesh <["dp"=2], time ["micro"=2]>
  mpt.schedule "gpipe" attributes {stages = 1, micro = 2, place = array<i64: 0>} {
    mpt.actions attributes {pp = 0, peak = 8192} {
      mpt.run @s0_F {mb = 0, save = 0}
      mpt.run @s0_F {mb = 1, save = 0}
    }
  }
  mpt.arena @pp0 {bytes = 512, align = 64, events = 2 : i64,
    places = [{kind = "state", name = "w", at = 0, bytes = 64}, {kind = "input", name = "x", at = 64, stride = 64}],
    regions = [{kind = "work", at = 192, bytes = 320}]}
  // expected-error @+1 {{'func.func' op on 'compute' is not ordered after an access to the same bytes on 'comm'; no path of events leads here}}
  func.func @s0_F(%arena: memref<512xi8>, %mb: index {mpt.index = "mb"}, %save: index {mpt.index = "save"}) {
    %w = mpt.buffer %arena {at = 0} : memref<512xi8> -> memref<16xf32>
    %x = mpt.buffer %arena[%mb] {at = 64, stride = 64} : memref<512xi8> -> memref<16xf32>
    %a = mpt.buffer %arena {at = 192} : memref<512xi8> -> memref<16xf32>
    mpt.launch @exp(%x) into (%a) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    mpt.record 0 on "compute"
    mpt.wait 0 on "comm"
    // expected-note @+1 {{the other access is here}}
    mpt.all_reduce sum %a over ["dp"] {bytes = 64, stream = "comm"} : memref<16xf32>
    return
  }
  func.func private @exp(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> attributes {mpt.kernel} {
    %0 = linalg.exp ins(%x : tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    return %0 : tensor<16xf32>
  }
}

// -----

// Operands of a bucket are not adjacent.
module {
  mpt.mesh <["dp"=2], time ["micro"=2]>
  mpt.schedule "gpipe" attributes {stages = 1, micro = 2, place = array<i64: 0>} {
    mpt.actions attributes {pp = 0, peak = 8192} {
      mpt.run @s0_F {mb = 0, save = 0}
      mpt.run @s0_F {mb = 1, save = 0}
    }
  }
  mpt.arena @pp0 {bytes = 512, align = 64, events = 2 : i64,
    places = [{kind = "state", name = "w", at = 0, bytes = 64}, {kind = "input", name = "x", at = 64, stride = 64}],
    regions = [{kind = "work", at = 192, bytes = 320}]}
  func.func @s0_F(%arena: memref<512xi8>, %mb: index {mpt.index = "mb"}, %save: index {mpt.index = "save"}) {
    %w = mpt.buffer %arena {at = 0} : memref<512xi8> -> memref<16xf32>
    %x = mpt.buffer %arena[%mb] {at = 64, stride = 64} : memref<512xi8> -> memref<16xf32>
    %a = mpt.buffer %arena {at = 192} : memref<512xi8> -> memref<16xf32>
    %b = mpt.buffer %arena {at = 320} : memref<512xi8> -> memref<16xf32>
    mpt.launch @exp(%x) into (%a) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    mpt.launch @exp(%x) into (%b) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    mpt.record 0 on "compute"
    mpt.wait 0 on "comm"
    // expected-error @+1 {{'mpt.all_reduce' op operand 1 of the bucket lies at 320, expected it at 256, next to the operand before it}}
    mpt.all_reduce sum %a, %b over ["dp"] {bucket = 0, bytes = 128, stream = "comm"} : memref<16xf32>, memref<16xf32> -> ()
    mpt.record 1 on "comm"
    mpt.wait 1 on "compute"
    return
  }
  func.func private @exp(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> attributes {mpt.kernel} {
    %0 = linalg.exp ins(%x : tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    return %0 : tensor<16xf32>
  }
}

// -----

// The second micro-batch lies outside of the arena.
module {
  mpt.mesh <["dp"=2], time ["micro"=2]>
  mpt.schedule "gpipe" attributes {stages = 1, micro = 2, place = array<i64: 0>} {
    mpt.actions attributes {pp = 0, peak = 8192} {
      mpt.run @s0_F {mb = 0, save = 0}
      mpt.run @s0_F {mb = 1, save = 0}
    }
  }
  mpt.arena @pp0 {bytes = 512, align = 64, events = 2 : i64,
    places = [{kind = "state", name = "w", at = 0, bytes = 64}, {kind = "input", name = "x", at = 64, stride = 448}],
    regions = [{kind = "work", at = 192, bytes = 320}]}
  func.func @s0_F(%arena: memref<512xi8>, %mb: index {mpt.index = "mb"}, %save: index {mpt.index = "save"}) {
    %w = mpt.buffer %arena {at = 0} : memref<512xi8> -> memref<16xf32>
    // expected-error @+1 {{'mpt.buffer' op bytes [512, 576) lie outside of the arena of 512 bytes for index 1}}
    %x = mpt.buffer %arena[%mb] {at = 64, stride = 448} : memref<512xi8> -> memref<16xf32>
    %a = mpt.buffer %arena {at = 192} : memref<512xi8> -> memref<16xf32>
    mpt.launch @exp(%x) into (%a) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    return
  }
  func.func private @exp(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> attributes {mpt.kernel} {
    %0 = linalg.exp ins(%x : tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    return %0 : tensor<16xf32>
  }
}

// -----

// A tensor is left, a kernel is missing, an event is unknown.
module {
  mpt.mesh <["dp"=2], time ["micro"=2]>
  mpt.schedule "gpipe" attributes {stages = 1, micro = 2, place = array<i64: 0>} {
    mpt.actions attributes {pp = 0, peak = 8192} {
      mpt.run @s0_F {mb = 0, save = 0}
      mpt.run @s0_F {mb = 1, save = 0}
    }
  }
  mpt.arena @pp0 {bytes = 512, align = 64, events = 2 : i64,
    places = [{kind = "state", name = "w", at = 0, bytes = 64}, {kind = "input", name = "x", at = 64, stride = 64}],
    regions = [{kind = "work", at = 192, bytes = 320}]}
  func.func @s0_F(%arena: memref<512xi8>, %mb: index {mpt.index = "mb"}, %save: index {mpt.index = "save"}) {
    %w = mpt.buffer %arena {at = 0} : memref<512xi8> -> memref<16xf32>
    %x = mpt.buffer %arena[%mb] {at = 64, stride = 64} : memref<512xi8> -> memref<16xf32>
    %a = mpt.buffer %arena {at = 192} : memref<512xi8> -> memref<16xf32>
    // expected-error @+1 {{'tensor.empty' op has a tensor after phase 'allocate': 'tensor<4xf32>'}}
    %t = tensor.empty() : tensor<4xf32>
    // expected-error @+1 {{'mpt.launch' op there is no kernel @log}}
    mpt.launch @log(%x) into (%a) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    // expected-error @+1 {{'mpt.record' op event 2 is none of the 2 of the arena}}
    mpt.record 2 on "compute"
    return
  }
  func.func private @exp(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> attributes {mpt.kernel} {
    %0 = linalg.exp ins(%x : tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    return %0 : tensor<16xf32>
  }
}

// -----

// More memory than phase 7 allowed for.
module {
  mpt.mesh <["dp"=2], time ["micro"=2]>
  mpt.schedule "gpipe" attributes {stages = 1, micro = 2, place = array<i64: 0>} {
    mpt.actions attributes {pp = 0, peak = 448} {
      mpt.run @s0_F {mb = 0, save = 0}
      mpt.run @s0_F {mb = 1, save = 0}
    }
  }
  // expected-warning @+1 {{arena of 512 bytes is above the bound of 448 bytes of phase 'schedule'}}
  mpt.arena @pp0 {bytes = 512, align = 64, events = 2 : i64,
    places = [{kind = "state", name = "w", at = 0, bytes = 64}, {kind = "input", name = "x", at = 64, stride = 64}],
    regions = [{kind = "work", at = 192, bytes = 320}]}
  func.func @s0_F(%arena: memref<512xi8>, %mb: index {mpt.index = "mb"}, %save: index {mpt.index = "save"}) {
    %w = mpt.buffer %arena {at = 0} : memref<512xi8> -> memref<16xf32>
    %x = mpt.buffer %arena[%mb] {at = 64, stride = 64} : memref<512xi8> -> memref<16xf32>
    %a = mpt.buffer %arena {at = 192} : memref<512xi8> -> memref<16xf32>
    mpt.launch @exp(%x) into (%a) {stream = "compute"} : (memref<16xf32>, memref<16xf32>) -> ()
    return
  }
  func.func private @exp(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> attributes {mpt.kernel} {
    %0 = linalg.exp ins(%x : tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    return %0 : tensor<16xf32>
  }
}
