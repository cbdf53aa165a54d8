# SPDX-License-Identifier: MIT
# cmake -DOUTPUT=FILE.cpp -DINPUTS=A.yaml,B.yaml -P embed.cmake
# Writes FILE.cpp with `std::string_view A_yaml()` in rcnn::engine::data for each input: data files become part of
# the library, so that it needs no file beside it.
string(REPLACE "," ";" inputs "${INPUTS}")
set(text "// Made by embed.cmake from the data files named below.\n#include \"engine/model/data_files.hpp\"\n\n")
string(APPEND text "namespace rcnn::engine::data {\n")
foreach(input IN LISTS inputs)
  get_filename_component(name "${input}" NAME)
  string(REGEX REPLACE "[^A-Za-z0-9]" "_" function "${name}")
  file(READ "${input}" content)
  string(LENGTH "${content}" length)
  if(length GREATER 60000)  # Compilers need not take longer literals.
    message(FATAL_ERROR "${input} has ${length} characters; a literal holds 60000: split the file")
  endif()
  string(APPEND text "\n// ${name}\nstd::string_view ${function}() {\n  return R\"rcnn_data(${content})rcnn_data\";\n}\n")
endforeach()
string(APPEND text "\n}  // namespace rcnn::engine::data\n")
file(WRITE "${OUTPUT}" "${text}")
