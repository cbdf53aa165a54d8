// SPDX-License-Identifier: MIT
// A network camera for tests: shows each client so many frames of H.264, 25 a second, until it is killed.
// Pictures are black and white, so whatever is coloured was drawn later.
//   rtsp_server FRAMES
// Prints rtsp://127.0.0.1:PORT/camera, on a free port, as soon as clients may come. Ends with its parent.
#include <gst/rtsp-server/rtsp-server.h>
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  gst_init(nullptr, nullptr);
  if (argc != 2) {
    std::fprintf(stderr, "usage: rtsp_server FRAMES\n");
    return 2;
  }
  GstRTSPServer* server = gst_rtsp_server_new();
  gst_rtsp_server_set_address(server, "127.0.0.1");
  gst_rtsp_server_set_service(server, "0");
  GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
  const std::string line = "( videotestsrc is-live=true pattern=ball num-buffers=" + std::string(argv[1]) +
                           " ! video/x-raw,width=160,height=120,framerate=25/1"
                           " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10"
                           " ! rtph264pay name=pay0 config-interval=-1 )";
  gst_rtsp_media_factory_set_launch(factory, line.c_str());
  GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server);
  gst_rtsp_mount_points_add_factory(mounts, "/camera", factory);  // Takes the factory.
  g_object_unref(mounts);
  if (gst_rtsp_server_attach(server, nullptr) == 0) {
    std::fprintf(stderr, "rtsp_server: cannot listen on 127.0.0.1\n");
    return 1;
  }
  std::printf("rtsp://127.0.0.1:%d/camera\n", gst_rtsp_server_get_bound_port(server));
  std::fflush(stdout);
  g_main_loop_run(g_main_loop_new(nullptr, FALSE));
}
