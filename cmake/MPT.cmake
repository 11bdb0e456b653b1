# SPDX-License-Identifier: Apache-2.0
# Targets of the project. `mpt_library` is for code that uses MLIR: it shares
# one precompiled header; `mpt_plain_library` is for code that must not.
set(MPT_WARNINGS -Wall -Wextra -Werror)

# One precompiled header for all MLIR translation units.
add_library(MPTPch STATIC ${PROJECT_SOURCE_DIR}/cmake/Pch.cpp)
target_include_directories(MPTPch SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_precompile_headers(MPTPch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/Pch.h)
target_compile_options(MPTPch PRIVATE ${MPT_WARNINGS} -fpch-instantiate-templates)

function(mpt_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
  target_include_directories(${name} SYSTEM PUBLIC ${PROJECT_BINARY_DIR}/include ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_compile_options(${name} PRIVATE ${MPT_WARNINGS} -fpch-instantiate-templates)
  target_precompile_headers(${name} REUSE_FROM MPTPch)
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  add_dependencies(${name} MPTIRIncGen)
endfunction()

function(mpt_plain_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
  target_compile_options(${name} PRIVATE ${MPT_WARNINGS})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

function(mpt_tool name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_compile_options(${name} PRIVATE ${MPT_WARNINGS} -fpch-instantiate-templates)
  target_precompile_headers(${name} REUSE_FROM MPTPch)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
endfunction()

# Declarations generated from include/mpt/<room>/Passes.td.
function(mpt_passes room)
  set(LLVM_TARGET_DEFINITIONS Passes.td)
  mlir_tablegen(Passes.h.inc -gen-pass-decls -name=MPT${room})
  add_public_tablegen_target(MPT${room}PassIncGen)
endfunction()
