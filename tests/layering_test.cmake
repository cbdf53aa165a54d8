# SPDX-License-Identifier: MIT
# Fails when an include points up the layers (engine <- pipeline <- elements, launch) or a third party's header
# strays from its room. Run: cmake -DROOT=. -P tests/layering_test.cmake
set(wrong "")
set(seen 0)

# forbid(FOLDER PATTERN EXCEPT): no file of FOLDER may include what PATTERN matches, but for paths matching EXCEPT.
macro(forbid folder pattern except)
  file(GLOB_RECURSE files ${ROOT}/${folder}/*.cpp ${ROOT}/${folder}/*.hpp ${ROOT}/${folder}/*.h)
  foreach(file IN LISTS files)
    file(RELATIVE_PATH name ${ROOT} ${file})
    math(EXPR seen "${seen} + 1")
    if(NOT "${except}" STREQUAL "" AND name MATCHES "${except}")
      continue()
    endif()
    file(STRINGS ${file} lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"](${pattern})")
    foreach(line IN LISTS lines)
      list(APPEND wrong "${name}: ${line}")
    endforeach()
  endforeach()
endmacro()

set(tbb "tbb/|oneapi/tbb")
set(dnnl "dnnl|oneapi/dnnl")
forbid(engine "${tbb}|gst/|glib|opencv2/|pipeline/|elements/|launch/" "")
forbid(engine "${dnnl}" "^engine/ops/")
forbid(pipeline "gst/|glib|${dnnl}|opencv2/|elements/|launch/" "")
forbid(elements "${tbb}|${dnnl}|launch/" "")
# doctor reports oneDNN's version and instruction set; nothing else in the program may know the library.
forbid(launch "${tbb}|${dnnl}" "^launch/doctor")

# The whole data flow fits one function: edges are made in one file.
file(GLOB_RECURSE pipeline_sources ${ROOT}/pipeline/*.cpp)
set(edge_files "")
foreach(file IN LISTS pipeline_sources)
  file(STRINGS ${file} lines REGEX "make_edge\\(")
  if(lines)
    list(APPEND edge_files ${file})
  endif()
endforeach()
list(LENGTH edge_files edge_count)
if(NOT edge_count EQUAL 1)
  list(APPEND wrong "make_edge stands in ${edge_count} files of pipeline/, expected 1: ${edge_files}")
endif()

# Tests mirror the tree: every engine, pipeline, elements and launch source has its test, but for these.
set(without_test
  elements/plugin.cpp  # The module's entry point: launch tests load the plugin.
  launch/main.cpp)     # The program's entry point: launch tests run it.
if(EXISTS ${ROOT}/tests/untested.txt)
  file(STRINGS ${ROOT}/tests/untested.txt more REGEX "^[a-z]")
  foreach(line IN LISTS more)
    string(REGEX REPLACE "[ \t].*" "" path "${line}")
    list(APPEND without_test ${path})
  endforeach()
endif()
foreach(folder engine pipeline elements launch)
  file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/${folder}/*.cpp)
  foreach(source IN LISTS sources)
    string(REGEX REPLACE "\\.cpp$" "_test.cpp" test "tests/${source}")
    if(NOT source IN_LIST without_test AND NOT EXISTS ${ROOT}/${test})
      list(APPEND wrong "${source} has no ${test} (tests/untested.txt names the exceptions, each with its reason)")
    endif()
  endforeach()
endforeach()
foreach(path IN LISTS without_test)
  if(NOT EXISTS ${ROOT}/${path})
    list(APPEND wrong "tests/untested.txt names ${path}, which is not there")
  endif()
endforeach()

if(seen LESS 20)
  message(FATAL_ERROR "Only ${seen} files looked at under '${ROOT}': give -DROOT=<checkout>")
endif()
if(wrong)
  list(JOIN wrong "\n  " text)
  message(FATAL_ERROR "Layering:\n  ${text}")
endif()
message(STATUS "Layering: ${seen} look-ups, nothing points the wrong way")
