/* SPDX-License-Identifier: MIT */
/* What waits for the world outside, called with bad arguments. */
#include "api/arguments.h"

#include <signal.h>

void call_about_descriptors(troupe_self *self)
{
    BAD(troupe_wait_fd, (NULL, 0, TROUPE_READABLE, TROUPE_NOW, NULL));
    BAD(troupe_wait_fd, (self, -1, TROUPE_READABLE, TROUPE_NOW, NULL));
    BAD(troupe_wait_fd, (self, 0, 0, TROUPE_NOW, NULL));
    BAD(troupe_wait_fd, (self, 0, 4, TROUPE_NOW, NULL));
    char byte = 0;
    troupe_watch watch = {0};
    const troupe_type wrong = {.size = sizeof wrong, .name = "too short", .body_size = 1};
    BAD(troupe_watch_fd, (NULL, TROUPE_WATCH(.events = TROUPE_READABLE), &watch));
    BAD(troupe_watch_fd, (self, NULL, &watch));
    BAD(troupe_watch_fd, (self, TROUPE_WATCH(.events = TROUPE_READABLE), NULL));
    BAD(troupe_watch_fd, (self, TROUPE_WATCH(.events = 0), &watch));
    BAD(troupe_watch_fd, (self, TROUPE_WATCH(.events = 4), &watch));
    BAD(troupe_watch_fd, (self, TROUPE_WATCH(.fd = -1, .events = 1), &watch));
    BAD(troupe_watch_fd, (self, TROUPE_WATCH(.events = 1, .type = &wrong), &watch));
    GIVES(troupe_unwatch_fd, (NULL, watch), false);
    GIVES(troupe_unwatch_fd, (self, watch), false);
    troupe_transfer done;
    BAD(troupe_read_fd, (NULL, 0, &byte, 1, TROUPE_NOW, &done));
    BAD(troupe_read_fd, (self, -1, &byte, 1, TROUPE_NOW, &done));
    BAD(troupe_read_fd, (self, 0, NULL, 1, TROUPE_NOW, &done));
    BAD(troupe_read_fd, (self, 0, &byte, 0, TROUPE_NOW, &done));
    BAD(troupe_read_fd, (self, 0, &byte, 2, TROUPE_NOW, NULL));
    BAD(troupe_read_fd_all, (NULL, 0, &byte, 1, TROUPE_NOW, &done));
    BAD(troupe_read_fd_all, (self, 0, NULL, 1, TROUPE_NOW, &done));
    BAD(troupe_write_fd, (NULL, 0, &byte, 1, TROUPE_NOW, &done));
    BAD(troupe_write_fd, (self, -1, &byte, 1, TROUPE_NOW, &done));
    BAD(troupe_write_fd, (self, 0, NULL, 1, TROUPE_NOW, &done));
    RETURNS(troupe_close_fd, (NULL, -1));
    RETURNS(troupe_forget_fd, (NULL, 0));
    RETURNS(troupe_forget_fd, (self, -1));
}

void call_about_sockets(troupe_self *self)
{
    int fd = -1;
    int number = 9;
    BAD(troupe_socket_connect, (NULL, TROUPE_SOCKET(.path = "x"), TROUPE_NOW, &fd, &number));
    BAD(troupe_socket_connect, (self, NULL, TROUPE_NOW, &fd, &number));
    BAD(troupe_socket_connect, (self, TROUPE_SOCKET(.port = 0), TROUPE_NOW, &fd, &number));
    BAD(troupe_socket_connect, (self, TROUPE_SOCKET(.port = 1), TROUPE_NOW, NULL, &number));
    BAD(troupe_socket_listen, (NULL, &fd, &number));
    BAD(troupe_socket_listen, (TROUPE_SOCKET(.host = "x"), &fd, &number));
    BAD(troupe_socket_listen, (TROUPE_SOCKET(.port = 0), NULL, &number));
    BAD(troupe_socket_accept, (NULL, 0, TROUPE_NOW, &fd));
    BAD(troupe_socket_accept, (self, -1, TROUPE_NOW, &fd));
    BAD(troupe_socket_accept, (self, 0, TROUPE_NOW, NULL));
    BAD(troupe_socket_finish, (-1));
    GIVES(troupe_socket_port, (-1), 0);
    note("troupe_socket", fd == -1 && number == 0, ": something was opened all the same");
}

void call_about_processes(troupe_self *self)
{
    const char *const nothing[] = {NULL};
    troupe_process process = {.input = -1};
    troupe_process_status status;
    int number = 9;
    BAD(troupe_process_start,
        (NULL, TROUPE_PROCESS(.program = "true"), TROUPE_NOW, &process, &number));
    BAD(troupe_process_start, (self, NULL, TROUPE_NOW, &process, &number));
    BAD(troupe_process_start, (self, TROUPE_PROCESS(.folder = "/"), TROUPE_NOW, &process, NULL));
    BAD(troupe_process_start, (self, TROUPE_PROCESS(.program = ""), TROUPE_NOW, &process, NULL));
    BAD(troupe_process_start, (self, TROUPE_PROCESS(.program = "true", .arguments = nothing),
                               TROUPE_NOW, &process, NULL));
    BAD(troupe_process_start,
        (self, TROUPE_PROCESS(.program = "true", .input = TROUPE_STREAM_WITH_OUTPUT), TROUPE_NOW,
         &process, NULL));
    BAD(troupe_process_start, (self, TROUPE_PROCESS(.program = "true"), TROUPE_NOW, NULL, NULL));
    BAD(troupe_process_wait, (NULL, &process, TROUPE_NOW, &status));
    BAD(troupe_process_wait, (self, NULL, TROUPE_NOW, &status));
    BAD(troupe_process_wait, (self, &process, TROUPE_NOW, NULL));
    BAD(troupe_process_signal, (NULL, &process, 1));
    BAD(troupe_process_signal, (self, NULL, 1));
    BAD(troupe_process_signal, (self, &process, 0));
    BAD(troupe_process_signal, (self, &process, 1000));
    BAD(troupe_process_terminate, (NULL, &process, TROUPE_NOW));
    BAD(troupe_process_terminate, (self, NULL, TROUPE_NOW));
    BAD(troupe_process_close_input, (NULL, &process));
    BAD(troupe_process_close_input, (self, NULL));
    BAD(troupe_process_close_input, (self, &process));
    RETURNS(troupe_process_destroy, (NULL, &process));
    RETURNS(troupe_process_destroy, (self, NULL));
    RETURNS(troupe_process_destroy, (self, &process));
    note("troupe_process_start", number == 0, ": the system was asked all the same");
}

void call_about_signals(troupe_self *self)
{
    troupe_signal_watch watch = {.actor = troupe_ref_none()};
    BAD(troupe_watch_signal, (NULL, SIGUSR1, 0, &watch));
    BAD(troupe_watch_signal, (self, SIGUSR1, 0, NULL));
    BAD(troupe_watch_signal, (self, 0, 0, &watch));
    RETURNS(troupe_unwatch_signal, (NULL, &watch));
    RETURNS(troupe_unwatch_signal, (self, NULL));
    RETURNS(troupe_unwatch_signal, (self, &watch));
}

void call_about_files(troupe_self *self)
{
    troupe_file *file = NULL;
    troupe_transfer done;
    uint64_t size = 0;
    int number = 9;
    char byte = 0;
    BAD(troupe_file_open, (NULL, TROUPE_FILE(.path = "x"), TROUPE_NOW, &file, &number));
    BAD(troupe_file_open, (self, NULL, TROUPE_NOW, &file, &number));
    BAD(troupe_file_open, (self, TROUPE_FILE(.is_new = 1), TROUPE_NOW, &file, &number));
    BAD(troupe_file_open, (self, TROUPE_FILE(.path = "x"), TROUPE_NOW, NULL, &number));
    BAD(troupe_file_read, (NULL, file, TROUPE_RANGE(0, 1), &byte, TROUPE_NOW, &done));
    BAD(troupe_file_read, (self, NULL, TROUPE_RANGE(0, 1), &byte, TROUPE_NOW, &done));
    BAD(troupe_file_read, (self, file, TROUPE_RANGE(0, 1), &byte, TROUPE_NOW, NULL));
    BAD(troupe_file_write, (NULL, file, TROUPE_RANGE(0, 1), &byte, TROUPE_NOW, &done));
    BAD(troupe_file_write, (self, NULL, TROUPE_RANGE(0, 1), &byte, TROUPE_NOW, &done));
    BAD(troupe_file_write, (self, file, TROUPE_RANGE(0, 1), &byte, TROUPE_NOW, NULL));
    BAD(troupe_file_sync, (NULL, file, TROUPE_NOW, &number));
    BAD(troupe_file_sync, (self, NULL, TROUPE_NOW, &number));
    BAD(troupe_file_size, (NULL, file, TROUPE_NOW, &size));
    BAD(troupe_file_size, (self, NULL, TROUPE_NOW, &size));
    BAD(troupe_file_size, (self, file, TROUPE_NOW, NULL));
    BAD(troupe_file_close, (NULL, &file, TROUPE_NOW, &number));
    BAD(troupe_file_close, (self, NULL, TROUPE_NOW, &number));
    BAD(troupe_file_close, (self, &file, TROUPE_NOW, &number));
    note("troupe_file_open", number == 0, ": the system was asked all the same");
}
