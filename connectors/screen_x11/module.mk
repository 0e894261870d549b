MODULES += screen_x11
screen_x11_DIR := connectors/screen_x11
screen_x11_PKG := gio-2.0 gio-unix-2.0 atspi-2 x11 xtst xext libpng
screen_x11_WORDS := screen:desktop
screen_x11_ROLES := desk
screen_x11_UNIT := connectors/screen_x11/image.c connectors/screen_x11/edge.c
