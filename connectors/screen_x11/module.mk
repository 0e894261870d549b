MODULES += screen_x11
screen_x11_DIR := connectors/screen_x11
screen_x11_PKG := gio-2.0 gio-unix-2.0 atspi-2 x11 xtst xext libpng
screen_x11_ROLES := desk
