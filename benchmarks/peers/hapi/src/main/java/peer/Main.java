package peer;

import ca.uhn.fhir.rest.server.RestfulServer;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** Starts HAPI's JPA server under Jetty, on one loopback port. */
public final class Main {
  /** Jetty's own default. */
  private static final int THREADS = 200;

  private Main() {}

  /** Takes the port as the only argument; the database is named by the environment, see Peer. */
  public static void main(String[] arguments) throws Exception {
    var spring = new AnnotationConfigApplicationContext(Peer.class);
    var jetty = new Server(new QueuedThreadPool(THREADS));
    var connector = new ServerConnector(jetty);
    connector.setHost("127.0.0.1");
    connector.setPort(Integer.parseInt(arguments[0]));
    jetty.addConnector(connector);

    var context = new ServletContextHandler();
    context.setContextPath("/");
    var servlet = new ServletHolder(spring.getBean(RestfulServer.class));
    servlet.setInitOrder(1);
    context.addServlet(servlet, "/fhir/*");
    jetty.setHandler(context);
    jetty.setStopAtShutdown(true);
    jetty.start();
    jetty.join();
  }
}
